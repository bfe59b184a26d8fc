/** `srtcp.protect` and `srtcp.receive`. */
import { readU32, toHex } from "../../../lib/base/bytes.ts";
import { fault } from "../../../lib/base/parsed.ts";
import type { CryptoBackend } from "../../../lib/crypto/backend.ts";
import { MAX_SRTCP_INDEX, srtcpOverheadBytes, SrtcpReceiver, SrtcpSender } from "../../../lib/crypto/srtcp.ts";
import type { Fields } from "../request.ts";
import { type OpContext, opFault, opOk, type OpResult, type Ops, refusedEntry } from "../testee.ts";
import { readStreamKeys, readWindow, withRoom } from "./srtp.ts";

export function srtcpOps(backend: CryptoBackend): Ops {
  return {
    "srtcp.protect": (request) => protect(backend, request),
    "srtcp.receive": (request, context) => receive(backend, request, context),
  };
}

function protect(backend: CryptoBackend, request: Fields): OpResult {
  const keys = readStreamKeys(backend, request);
  const plain = request.hex("hex");
  const packet = withRoom(plain, srtcpOverheadBytes(keys));
  // One beyond the last index is a sender that has used up its indexes: `bad_state`.
  const sender = new SrtcpSender(senderSsrc(plain), request.integerOr("index", 0, MAX_SRTCP_INDEX + 1, 0));
  const outcome = sender.protect(keys, packet, 0, plain.length);
  return outcome === "ok" ? opOk({ hex: toHex(packet) }) : opFault(fault(outcome, "Cannot protect RTCP").fault);
}

function receive(backend: CryptoBackend, request: Fields, context: OpContext): OpResult {
  const keys = readStreamKeys(backend, request);
  const window = readWindow(request);
  if (typeof window !== "number") return opFault(window);
  const receivers = new Map<number, SrtcpReceiver>();
  const results = request.hexList("packets").map((bytes) => {
    const ssrc = senderSsrc(bytes);
    let receiver = receivers.get(ssrc);
    if (receiver === undefined) {
      receiver = new SrtcpReceiver(ssrc, window);
      receivers.set(ssrc, receiver);
    }
    const outcome = receiver.unprotect(keys, bytes, 0, bytes.length);
    if (outcome !== "ok") return refusedEntry({ reason: outcome }, context);
    return { hex: toHex(bytes.subarray(0, bytes.length - srtcpOverheadBytes(keys))) };
  });
  return opOk({ results });
}

/** The sender SSRC of the first packet; 0 where there is none, which the length check then refuses. */
function senderSsrc(bytes: Uint8Array): number {
  return bytes.length < 8 ? 0 : readU32(bytes, 4);
}
