/** A unit with a reduced header as plain JSON, and back. Nothing is expanded: that needs the packets before it. */
import { toHex } from "../../lib/base/bytes.ts";
import { REDUCED_HEADER_BYTES, type ReducedView, writeReducedHeader } from "../../lib/packet/reduced.ts";
import type { Fields } from "../../conformance/testee/request.ts";

export function reducedToJson(view: ReducedView): object {
  return {
    marker: view.marker,
    priority: view.priority,
    context_id: view.contextId,
    sequence_number_low: view.sequence8,
    timestamp_low: view.timestamp16,
    payload: toHex(view.bytes.subarray(view.start + REDUCED_HEADER_BYTES, view.end)),
  };
}

/** @throws RequestError when a field is missing or out of its bits. */
export function reducedFromJson(packet: Fields): Uint8Array {
  const payload = packet.hexOrEmpty("payload");
  const bytes = new Uint8Array(REDUCED_HEADER_BYTES + payload.length);
  writeReducedHeader(
    packet.flag("marker"),
    packet.integer("priority", 0, 3),
    packet.integer("context_id", 0, 7),
    packet.integer("sequence_number_low", 0, 255),
    packet.integer("timestamp_low", 0, 0xffff),
    bytes,
    0,
  );
  bytes.set(payload, REDUCED_HEADER_BYTES);
  return bytes;
}
