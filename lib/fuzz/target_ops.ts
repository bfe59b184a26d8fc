/** Which question of the testee interface a target's case is: how a finding becomes a vector that anybody can run. */
import { decodeUtf8, toHex } from "../base/bytes.ts";
import type { FuzzCase } from "./target.ts";

export interface OpRequest {
  readonly op: string;
  readonly [field: string]: unknown;
}

const hex = (op: string, more: object = {}) => (units: FuzzCase): OpRequest => ({ op, hex: toHex(units[0]), ...more });

/** Text as text where it is any, else as bytes. */
function message(units: FuzzCase): OpRequest {
  const text = decodeUtf8(units[0]);
  return text.ok ? { op: "signaling.parse", json: text.value } : { op: "signaling.parse", hex: toHex(units[0]) };
}

const REQUESTS: Readonly<Record<string, (units: FuzzCase) => OpRequest>> = {
  "packet.arcrtp": hex("rtp.parse"),
  "packet.arcrtp_dissect": hex("rtp.parse"),
  "packet.rtp": hex("rtp.parse", { plain: true }),
  "packet.armoricore": hex("rtp.parse", { dialect: "armoricore" }),
  "packet.extensions": hex("rtp.extensions"),
  "packet.rtcp": hex("rtcp.parse"),
  "packet.demux": hex("unit.classify"),
  "packet.framing": (units) => ({ op: "frame.read", chunks: units.map(toHex) }),
  "text.json": message,
};

/** Undefined where the interface has no such question. */
export function opRequestOf(targetName: string, units: FuzzCase): OpRequest | undefined {
  if (targetName.startsWith("message.")) return message(units);
  return REQUESTS[targetName]?.(units);
}
