/** A testee that keeps what it is told to classify, takes its time over packets with extensions, and is once held up. */
import { ownTestee } from "../../../conformance/testee/own.ts";
import { nobleBackend } from "../../../lib/crypto/backend_noble.ts";
import { splitLines } from "../../ui/io.ts";

const LEAK_BYTES = 150_000_000;
const SLOW_MS = 1100;
/** Of the questions about extensions. */
const HELD_UP_AT = 12;

const own = ownTestee({ version: "leaking", crypto: nobleBackend });
const kept: Uint8Array[] = [];
let extensionQuestions = 0;

for await (const line of splitLines(Deno.stdin.readable, 1_000_000)) {
  if (line.kind !== "line") continue;
  const request = JSON.parse(line.text) as { readonly op?: unknown; readonly hex?: unknown };
  if (request.op === "unit.classify" && String(request.hex).length > 120) {
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
