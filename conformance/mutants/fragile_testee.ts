/** Our own testee as a program, with the weakness that its argument names: what only a process can show. */
import { hang } from "../../lib/base/testing/hang.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { allOps } from "../testee/own.ts";
import { Testee } from "../testee/testee.ts";

const [weakness = ""] = Deno.args;
const testee = new Testee(allOps({ version: "0.0.0-fragile", crypto: nobleBackend }));
/** Of a line, for whoever reads into a buffer of one size. */
const BUFFER_CHARACTERS = 512 * 1024;
/** Enough for an expression with one quantifier in another to try for years. */
const RUN = 40;

const decoder = new TextDecoder();
let pending = "";
for await (const chunk of Deno.stdin.readable) {
  const lines = (pending + decoder.decode(chunk, { stream: true })).split("\n");
  pending = lines.pop() ?? "";
  for (const line of lines) {
    suffer(line);
    const answer = testee.answerLine(line);
    if (weakness === "dies-of-missing-fields" && answer.includes('"error":')) Deno.exit(72);
    write(`${answer}\n`);
    if (weakness === "answers-twice" && !isJson(line)) write('{"id":null,"error":"once more"}\n');
  }
}

function suffer(line: string): void {
  switch (weakness) {
    case "dies-of-no-json":
      if (!isJson(line)) Deno.exit(70);
      return;
    case "dies-of-long-lines":
      if (line.length > BUFFER_CHARACTERS) Deno.exit(71);
      return;
    case "dies-of-nesting":
      return void depth(line, 0);
    case "hangs-on-backslashes": {
      const run = /"signaling\.parse"/.test(line) ? /\\{40,}/.exec(line)?.[0].slice(0, RUN) ?? "" : "";
      return void /^(?:\\+)+$/.test(`${run}!`);
    }
    case "hangs-at-half-the-range":
      return walkToNext(line);
    case "hangs-at-empty-runs":
      return walkRuns(line);
    case "hangs-at-far-counters":
      return walkCounters(line);
    case "hangs-at-single-bytes":
      return awaitLength(line);
  }
}

/** Reads brackets as deep as they come, each with a call of its own. */
function depth(text: string, at: number): number {
  for (let i = at; i < text.length; i++) {
    if (text[i] === "[" || text[i] === "{") i = depth(text, i + 1);
    else if (text[i] === "]" || text[i] === "}") return i;
  }
  return text.length;
}

/** Steps from each sequence number to the next by whichever way is nearer; at half the range neither is. */
function walkToNext(line: string): void {
  if (!/"jitter\.run"/.test(line)) return;
  const { packets } = JSON.parse(line) as { readonly packets: readonly { readonly sequence_number: number }[] };
  for (const [i, { sequence_number: to }] of packets.slice(1).entries()) {
    for (let from = packets[i].sequence_number; from !== to;) {
      const ahead = (to - from) & 0xffff;
      if (ahead === 0x8000) hang();
      from = (ahead < 0x8000 ? from + 1 : from - 1) & 0xffff;
    }
  }
}

/** Goes through the runs of transport feedback; one of no packets brings it nowhere. */
function walkRuns(line: string): void {
  const unit = /"rtcp\.parse"/.test(line)
    ? /"hex":"8fcd[0-9a-f]{24}([0-9a-f]{4})[0-9a-f]{8}([0-9a-f]{4})/.exec(line)
    : null;
  if (unit === null) return;
  const [told, run] = [unit[1], unit[2]].map((hex) => Number.parseInt(hex, 16));
  for (let at = 0; at < told && run < 0x2000; at += run) if (run === 0) hang();
}

/** Steps that take minutes. */
const FAR = 2 ** 40;

/** Moves a window on by one for each counter, before it knows whose the unit is. */
function walkCounters(line: string): void {
  if (!/"seal\.receive"/.test(line)) return;
  let window = 0;
  for (const hex of JSON.parse(line).units as readonly string[]) {
    const counter = Number.parseInt(hex.slice(-44, -32), 16);
    if (counter - window > FAR) hang();
    while (window < counter) window++;
  }
}

/** Looks again and again whether the second byte of a length has come, in a loop that lets none come. */
function awaitLength(line: string): void {
  if (!/"frame\.read"/.test(line)) return;
  const [first] = JSON.parse(line).chunks as readonly unknown[];
  if (typeof first === "string" && first.length === 2) hang();
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
