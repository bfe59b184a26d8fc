/** A testee that keeps what it is told to classify, takes its time over packets with extensions, and is once held up. */
import { ownTestee } from "../../../conformance/testee/own.ts";
import { nobleBackend } from "../../../lib/crypto/backend_noble.ts";
import { splitLines } from "../../ui/io.ts";

/** So little at a time that none takes long, however busy the machine is. */
const LEAK_BYTES = 40_000_000;
const MAX_KEPT = 12;
/** Questions before it begins: nobody knows before what is usual. */
const GOOD_QUESTIONS = 20;
/** A hundred times what others take, also where the machine is busy. */
const SLOW_MS = 2000;
/** Of the questions about extensions. */
const HELD_UP_AT = 30;

const own = ownTestee({ version: "leaking", crypto: nobleBackend });
const kept: Uint8Array[] = [];
let classified = 0;
let extensionQuestions = 0;

for await (const line of splitLines(Deno.stdin.readable, 1_000_000)) {
  if (line.kind !== "line") continue;
  const request = JSON.parse(line.text) as { readonly op?: unknown; readonly hex?: unknown };
  if (request.op === "unit.classify" && ++classified > GOOD_QUESTIONS && kept.length < MAX_KEPT) {
    kept.push(new Uint8Array(LEAK_BYTES).fill(kept.length));
  }
  if (request.op === "rtp.strip" && String(request.hex).startsWith("9")) {
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
  }
  if (request.op === "rtp.extensions" && ++extensionQuestions === HELD_UP_AT) {
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
  }
  console.log(JSON.stringify(own.answer(request)));
}
