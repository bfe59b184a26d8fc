/** What a unit says in a few words: the end of its line. */
import { UnitKind } from "../../lib/packet/demux.ts";
import type { RtcpPacket } from "../../lib/packet/rtcp/compound.ts";
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import type { Message } from "../../lib/signaling/messages/registry.ts";
import { SEAL_OVERHEAD_BYTES } from "../../lib/crypto/seal.ts";
import { readU48 } from "../../lib/base/bytes.ts";
import { visible } from "../../lib/base/hex_text.ts";

/** Ids are told apart by their first eight characters. */
const ID_CHARACTERS = 8;
/** What comes out of a message may be long, and is anybody's. */
const MAX_TEXT = 80;

/** For every unit but media packets and protected RTCP, whose lines are written by themselves. Empty where there is nothing to say. */
export function summaryOf(model: UnitModel): string {
  return visible(aboutUnit(model));
}

function aboutUnit(model: UnitModel): string {
  const { unit } = model;
  switch (unit.kind) {
    case UnitKind.json:
      return aboutJson(model);
    case UnitKind.rtcp:
      return aboutRtcp(model);
    case UnitKind.stun:
      return "STUN";
    case UnitKind.dtls:
      return "DTLS record";
    case UnitKind.unknown:
      return aboutFrame(model);
    default:
      return "";
  }
}

function aboutFrame({ unit }: UnitModel): string {
  const { envelope } = unit;
  if (envelope?.kind !== "phoenix") return "";
  const status = envelope.status === undefined ? "" : ` ${short(envelope.status)}`;
  const ref = envelope.ref === null ? "" : `  ref ${short(envelope.ref)}`;
  return `${short(envelope.event)}${status}  ${short(envelope.topic)}${ref}`;
}

function aboutJson(model: UnitModel): string {
  const { message, engineMessage, status, unit } = model;
  const parts: string[] = [];
  if (message !== undefined) parts.push(aboutMessage(message));
  else if (engineMessage !== undefined) parts.push(`${engineMessage.type}  armoricore`);
  else if (status !== undefined) parts.push(status.type);
  const { sessionId } = model;
  if (sessionId !== undefined) parts.push(`session ${id(sessionId)}`);
  if (model.isSealed) parts.push(`sealed #${readU48(unit.bytes, unit.end - SEAL_OVERHEAD_BYTES + 1)}`);
  if (unit.envelope?.kind === "nats") parts.push(short(unit.envelope.subject));
  return parts.join("  ");
}

function aboutMessage(message: Message): string {
  const { type } = message;
  switch (type) {
    case "CONNECT": {
      const resume = message.resume === true ? `  resume, epoch ${message.epoch}` : "";
      const { codecs, encryption } = message.capabilities;
      return `${type}  peer ${id(message.peer_id)}  ${list(codecs)}  ${list(encryption)}${resume}`;
    }
    case "CONNECT_ACK": {
      if (!message.accepted) return `${type}  peer ${id(message.peer_id)}  refused: ${message.reason}`;
      const { audio, video } = message.selected_codecs;
      const { algorithm, authentication = "hmac-sha256-80" } = message.encryption;
      const codecs = list([audio, video].filter((codec) => codec !== undefined));
      return `${type}  peer ${id(message.peer_id)}  ${codecs}  ${algorithm} ${authentication}`;
    }
    case "STREAM_START": {
      const { audio, video } = message.codec;
      const codecs = list([audio?.name, video?.name].filter((name) => name !== undefined));
      return `${type}  stream ${id(message.stream_id)}  ${message.stream_type} ${codecs}  ssrc ${hex(message.ssrc)}`;
    }
    case "STREAM_STOP":
      return `${type}  stream ${id(message.stream_id)}  ${message.reason}`;
    case "QUALITY_ADAPT": {
      const { bitrate, resolution, fps } = message.quality;
      const rest = [resolution, fps === undefined ? undefined : `${fps} fps`].filter((part) => part !== undefined);
      return `${type}  stream ${id(message.stream_id)}  ${bitrate} bit/s ${rest.join(" ")}  ${message.reason}`;
    }
    case "HEARTBEAT":
      return `${type}  #${message.sequence}${message.peer_id === undefined ? "" : `  peer ${id(message.peer_id)}`}`;
    case "HEARTBEAT_ACK":
      return `${type}  #${message.sequence}  latency ${message.latency_ms} ms`;
    case "KEY_ROTATE":
      return `${type}  peer ${id(message.peer_id)}  epoch ${message.epoch}  ${message.reason}`;
    case "KEY_ROTATE_ACK":
      return `${type}  peer ${id(message.peer_id)}  epoch ${message.epoch}`;
    case "METRICS":
      return `${type}  peer ${id(message.peer_id)}`;
    case "DISCONNECT":
      return `${type}  peer ${id(message.peer_id)}  ${message.reason}`;
    case "ACK": {
      const { type: request, stream_id: stream } = message.in_reply_to;
      return `${type}  to ${short(request)}${stream === undefined ? "" : `  stream ${id(stream)}`}`;
    }
    case "ERROR":
      return `${type}  ${short(message.code)}: ${short(message.message)}`;
    case "RELAY_BIND":
    case "RELAY_UNBIND":
      return `${type}  peer ${id(message.peer_id)}${message.proof === undefined ? "" : "  with proof"}`;
    case "RELAY_BOUND":
      return `${type}  ${short(message.relay_id)}  observed ${message.observed.ip} port ${message.observed.port}`;
    case "RELAY_KEYS":
      return `${type}  stream ${id(message.stream_id)}  ssrc ${hex(message.ssrc)}  epoch ${message.epoch}`;
    case "RELAY_CHALLENGE":
      return type;
  }
}

const PACKET_WORDS: Readonly<Record<RtcpPacket["kind"], string>> = {
  sr: "SR",
  rr: "RR",
  sdes: "SDES",
  bye: "BYE",
  nack: "NACK",
  pli: "PLI",
  transport_feedback: "TWCC",
  unknown: "unknown",
};

function aboutRtcp(model: UnitModel): string {
  const { rtcp } = model;
  const ssrc = model.ssrc === undefined ? "" : `ssrc ${hex(model.ssrc)}  `;
  const role = model.entry === undefined ? "" : `  ${model.entry.role}`;
  switch (rtcp?.kind) {
    case "plain":
      return `${ssrc}${rtcp.packets.map(aboutRtcpPacket).join(" + ")}${role}`;
    case "opened":
      return `${ssrc}SRTCP #${rtcp.index}  ${rtcp.packets.map(aboutRtcpPacket).join(" + ")}${role}`;
    case "malformed":
      return ssrc.trimEnd();
    // Written by `unit_line.ts` itself, as media is: there are many of them.
    case "protected":
    case undefined:
      return "";
  }
}

function aboutRtcpPacket(packet: RtcpPacket): string {
  const word = PACKET_WORDS[packet.kind];
  switch (packet.kind) {
    case "sr":
    case "rr": {
      const reports = packet.reports.map(({ ssrc, fractionLost256, cumulativeLost, jitterTicks }) => {
        const lost = ((fractionLost256 / 256) * 100).toFixed(1);
        return ` on ${hex(ssrc)} lost ${lost} % (${cumulativeLost}) jitter ${jitterTicks}`;
      });
      return `${word}${reports.join(",")}`;
    }
    case "nack":
      return `${word} for ${hex(packet.mediaSsrc)}: ${packet.items.length} x`;
    case "pli":
      return `${word} for ${hex(packet.mediaSsrc)}`;
    case "transport_feedback":
      return `${word} ${packet.received.length} of ${packet.statusCount}`;
    default:
      return word;
  }
}

function id(uuid: string): string {
  return uuid.slice(0, ID_CHARACTERS);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}

function list(names: readonly string[]): string {
  return short(names.join(","));
}

function short(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}
