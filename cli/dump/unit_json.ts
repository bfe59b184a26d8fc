/** A unit as one JSON object on a line. */
import { readU48, toHex } from "../../lib/base/bytes.ts";
import { rocOf } from "../../lib/crypto/packet_index.ts";
import { SEAL_OVERHEAD_BYTES } from "../../lib/crypto/seal.ts";
import { UnitKind } from "../../lib/packet/demux.ts";
import { rtcpToJson } from "../../lib/packet/rtcp/to_json.ts";
import { kindName } from "../../lib/dissect/filter/field_catalog.ts";
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import { parseJson } from "../../lib/signaling/json.ts";
import { fieldToJson } from "../decode/text.ts";
import { visible } from "../../lib/base/hex_text.ts";
import { envelope } from "../ui/envelope.ts";

export interface JsonOptions {
  /** With the field tree. */
  readonly fields: boolean;
  /** With the unit's bytes. */
  readonly hex: boolean;
}

export function unitToJsonLine(model: UnitModel, options: JsonOptions): string {
  const { unit } = model;
  const json = envelope("dump", {
    unit: unit.number,
    packet: unit.packet,
    // A number would lose the nanoseconds.
    time: `${unit.timeS}.${String(unit.timeNs).padStart(9, "0")}`,
    source: unit.source.text,
    destination: unit.destination.text,
    transport: unit.transport,
    kind: kindName(model),
    dialect: model.dialect ?? null,
    bytes: unit.length,
    ...(unit.cutBytes > 0 ? { cut: unit.cutBytes } : {}),
    session: model.sessionId ?? null,
    stream: model.streamId ?? null,
    role: model.entry?.role ?? null,
    ...mediaToJson(model),
    ...messageToJson(model),
    ...rtcpUnitToJson(model),
    ...(unit.envelope === undefined ? {} : { envelope: unit.envelope }),
    ...openingToJson(model),
    fault: model.fault ?? null,
    ...(options.hex ? { hex: toHex(unit.view()), ...plainHex(model) } : {}),
    ...(options.fields ? { fields: model.nodes.map(fieldToJson) } : {}),
  });
  // The escapes are JSON's own; a terminal may be at the other end.
  return `${visible(JSON.stringify(json))}\n`;
}

function mediaToJson({ rtp, arc, unit }: UnitModel): object {
  if (rtp === undefined) return {};
  const media = {
    reduced: unit.kind === UnitKind.reduced,
    ssrc: rtp.ssrc,
    payload_type: rtp.payloadType,
    marker: rtp.marker,
    sequence_number: rtp.sequenceNumber,
    timestamp: rtp.timestamp,
  };
  if (arc === undefined) return { media };
  return {
    media: {
      ...media,
      quality: arc.quality,
      priority: arc.priority,
      key_phase: arc.keyPhase,
      ...(arc.bandwidthKbps === undefined ? {} : { bandwidth_kbps: arc.bandwidthKbps }),
      ...(arc.lossTenths === undefined ? {} : { loss_tenths: arc.lossTenths }),
    },
  };
}

/** What keys made of it, where there are any. */
function openingToJson({ opening, unit }: UnitModel): object {
  if (opening === undefined) return {};
  if (opening.kind === "failed") return { opened: { failed: opening.reason } };
  const { epoch, index } = opening;
  if (unit.kind === UnitKind.json) return { opened: { epoch } };
  return { opened: unit.kind === UnitKind.rtcp ? { epoch, index } : { epoch, roc: rocOf(index), index } };
}

function plainHex({ opening, unit }: UnitModel): object {
  return opening?.kind === "opened" && unit.kind !== UnitKind.json ? { plain_hex: toHex(opening.plain) } : {};
}

/** The message as it was sent, unknown fields too. */
function messageToJson({ unit, isSealed }: UnitModel): object {
  if (unit.kind !== UnitKind.json) return {};
  const jsonEnd = isSealed ? unit.length - SEAL_OVERHEAD_BYTES : unit.length;
  const parsed = parseJson(unit.view().subarray(0, jsonEnd));
  return {
    ...(parsed.ok ? { message: parsed.value } : {}),
    ...(isSealed ? { seal_counter: readU48(unit.bytes, unit.start + jsonEnd + 1) } : {}),
  };
}

function rtcpUnitToJson({ rtcp, ssrc }: UnitModel): object {
  switch (rtcp?.kind) {
    case "plain":
      return { ssrc, rtcp: rtcp.packets.map(rtcpToJson) };
    case "opened":
      return {
        ssrc,
        srtcp: { index: rtcp.index, authentication: rtcp.authentication },
        rtcp: rtcp.packets.map(rtcpToJson),
      };
    case "protected":
      return { ssrc, srtcp: { index: rtcp.index, authentication: rtcp.authentication } };
    default:
      return {};
  }
}
