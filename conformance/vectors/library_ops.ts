/**
 * The operations of the vectors that the testee interface does not have (yet), over the library: each is one function
 * of it with its inputs and outputs in JSON.
 */
import { toHex } from "../../lib/base/bytes.ts";
import { unixMsToAbsSendTime } from "../../lib/base/time.ts";
import { estimateIndex, packetIndex } from "../../lib/crypto/packet_index.ts";
import { verifyProof } from "../../lib/crypto/proof.ts";
import { ArcRtpView, parseArcRtp } from "../../lib/packet/arcrtp.ts";
import { ElementCursor, StampReader } from "../../lib/packet/extensions.ts";
import { writeWithoutArcBlock } from "../../lib/packet/plain_rtp.ts";
import { REDUCED_SAVED_BYTES } from "../../lib/packet/reduced.ts";
import { ReducedReceiver } from "../../lib/packet/reduced_receiver.ts";
import type { Fields } from "../testee/request.ts";
import { opFault, opOk, opParsed, type OpResult, type Ops } from "../testee/testee.ts";

export const VECTOR_OPS: Ops = {
  "rtp.strip": (request) =>
    opParsed(parseArcRtp(request.hex("hex")), (view) => {
      const out = new Uint8Array(view.end);
      return { hex: toHex(out.subarray(0, writeWithoutArcBlock(view, out, 0))) };
    }),
  "rtp.extensions": readExtensions,
  "rtp.send_time": (request) => opOk({ send_time: unixMsToAbsSendTime(request.number("unix_ms")) }),
  "reduced.receive": receiveReduced,
  "keys.check_proof": checkProof,
};

function readExtensions(request: Fields): OpResult {
  return opParsed(parseArcRtp(request.hex("hex")), (view) => {
    const stamps = new StampReader();
    stamps.read(view);
    const elements: object[] = [];
    if (view.hasExtension) {
      const cursor = new ElementCursor();
      cursor.open(view);
      while (cursor.next()) {
        elements.push({ id: cursor.id, data: toHex(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd)) });
      }
    }
    return {
      send_time: stamps.sendTime24 ?? null,
      transport_sequence: stamps.transportSequence16 ?? null,
      elements,
    };
  });
}

function checkProof(request: Fields): OpResult {
  const proven = {
    sessionId: request.text("session_id"),
    type: request.oneOf("type", ["KEY_ROTATE", "KEY_ROTATE_ACK", "CONNECT", "CONNECT_ACK"] as const),
    peerId: request.text("peer_id"),
    epoch: request.u32("epoch"),
    publicKey: request.text("public_key"),
  };
  return verifyProof(request.hex("master_key"), proven, request.text("proof")) ? opOk({}) : REFUSED_AS_FORGED;
}

function receiveReduced(request: Fields): OpResult {
  const receiver = new ReducedReceiver();
  for (const entry of request.objects("contexts")) {
    receiver.define({
      contextId: entry.integer("context_id", 0, 7),
      ssrc: entry.u32("ssrc"),
      payloadType: entry.integer("payload_type", 0, 127),
      quality: entry.integer("quality", 0, 3),
    });
  }
  const highest = new Map<number, number>();
  const view = new ArcRtpView();
  const results = request.objects("units").map((unit) => {
    const wire = unit.hex("hex");
    const isReduced = wire[0] >= 0xc0;
    const room = isReduced ? REDUCED_SAVED_BYTES : 0;
    const bytes = new Uint8Array(room + wire.length);
    bytes.set(wire, room);
    if (isReduced && !receiver.expand(bytes, room, bytes.length)) return { fault: faultFields(receiver.fault()) };
    if (!view.parse(bytes)) return { fault: faultFields(view.fault()) };
    if (unit.flag("authentic", true)) {
      const before = highest.get(view.ssrc);
      const index = before === undefined
        ? packetIndex(0, view.sequenceNumber)
        : estimateIndex(view.sequenceNumber, before);
      highest.set(view.ssrc, Math.max(index, before ?? 0));
      receiver.authenticated(view, index, isReduced);
    }
    return { hex: toHex(bytes) };
  });
  return opOk({ results });
}

function faultFields({ message: _, ...fields }: { readonly message: string }): object {
  return fields;
}

/** What has no fault of its own in the library: it answers false. */
const REFUSED_AS_FORGED = opFault({ reason: "auth", message: "wrong proof" });
