/** Our own testee, different in the way that its argument names. */
import { nobleBackend } from "../../../lib/crypto/backend_noble.ts";
import { isJson, type Json } from "../../../conformance/testee/answer.ts";
import { ownTestee } from "../../../conformance/testee/own.ts";
import { splitLines } from "../../ui/io.ts";

const [difference = ""] = Deno.args;
const own = ownTestee({ version: difference, crypto: nobleBackend });
let asked = 0;

for await (const line of splitLines(Deno.stdin.readable, 1_000_000)) {
  if (line.kind !== "line") continue;
  const answer = JSON.parse(own.answerLine(line.text)) as Json;
  console.log(JSON.stringify(changed(answer, /"op":"([\w.]+)"/.exec(line.text)?.[1])));
}

function changed(answer: Json, op: string | undefined): Json {
  asked++;
  switch (difference) {
    // What the specification leaves free: words, places, the order of members, more to say.
    case "in-other-words":
      if (typeof answer.error === "string") return { ...answer, error: "what?" };
      if (!isJson(answer.fault)) return answer;
      return { fault: { message: "bad", reason: answer.fault.reason, offset: 7 }, id: answer.id };
    // `hello` lists one that it does not answer, and leaves one out.
    case "lacks-some":
      if (op === "rtcp.parse") return { id: answer.id, unsupported: "not yet" };
      if (op !== "hello" || !isJson(answer.ok)) return answer;
      return { ...answer, ok: { ...answer.ok, ops: (answer.ok.ops as string[]).filter((one) => one !== "rtp.strip") } };
    case "never-twice-the-same":
      return op === "unit.classify" ? { id: answer.id, ok: { kind: `kind ${asked}` } } : answer;
    case "every-fifth":
      return op === "unit.classify" && asked % 5 === 0 ? { id: answer.id, ok: { kind: "none" } } : answer;
    default:
      return answer;
  }
}
