/** A testee that dies on long CSRC lists and accepts RTCP with bad padding: what fuzzing must find. */
import { ownTestee } from "../../../conformance/testee/own.ts";
import { nobleBackend } from "../../../lib/crypto/backend_noble.ts";
import { splitLines } from "../../ui/io.ts";

const MAX_CSRCS = 13;

interface Request {
  readonly id?: unknown;
  readonly op?: unknown;
  readonly hex?: unknown;
}

const own = ownTestee({ version: "broken", crypto: nobleBackend });

for await (const line of splitLines(Deno.stdin.readable, 1_000_000)) {
  if (line.kind !== "line") continue;
  const request = JSON.parse(line.text) as Request;
  if (request.op === "rtp.parse" && parseInt(String(request.hex).slice(1, 2), 16) > MAX_CSRCS) Deno.exit(139);
  const answer = own.answer(request) as { readonly fault?: { readonly reason: string } };
  const isAccepted = request.op === "rtcp.parse" && answer.fault?.reason === "bad_padding";
  console.log(JSON.stringify(isAccepted ? { id: request.id, ok: { packets: [] } } : answer));
}
