/** Targets with a bug planted in each: what the fuzzer must find, and within how many executions. */
import { readU16 } from "../../base/bytes.ts";
import { ArcRtpView } from "../../packet/arcrtp.ts";
import { ElementCursor } from "../../packet/extensions.ts";
import { parseRtcp } from "../../packet/rtcp/compound.ts";
import { parseMessage } from "../../signaling/parse_message.ts";
import { parseJson } from "../../signaling/json.ts";
import { isJsonObject } from "../../signaling/json_value.ts";
import type { FuzzCase, FuzzTarget } from "../target.ts";
import { LIBRARY_TARGETS } from "../targets/targets.ts";

export interface PlantedBug {
  readonly name: string;
  readonly target: FuzzTarget;
  /** Executions within which it must be found. */
  readonly budget: number;
}

/** `isHit` says for which cases the parser would go wrong. */
function plant(name: string, targetName: string, budget: number, isHit: (units: FuzzCase) => boolean): PlantedBug {
  const target = LIBRARY_TARGETS.find((known) => known.name === targetName);
  if (target === undefined) throw new Error(`no target ${targetName}`);
  return {
    name,
    budget,
    target: {
      ...target,
      run: (units) => {
        const behaviour = target.run(units);
        if (isHit(units)) throw new Error(name);
        return behaviour;
      },
    },
  };
}

function arcRtp(bytes: Uint8Array): ArcRtpView | undefined {
  const view = new ArcRtpView();
  return view.parse(bytes) ? view : undefined;
}

function rtcp(bytes: Uint8Array) {
  const parsed = parseRtcp(bytes);
  return parsed.ok ? parsed.value : [];
}

function message(bytes: Uint8Array) {
  const parsed = parseMessage(bytes);
  return parsed.ok ? parsed.value : undefined;
}

function elements(bytes: Uint8Array): readonly (readonly [id: number, length: number])[] {
  const view = arcRtp(bytes);
  if (view === undefined) return [];
  const cursor = new ElementCursor();
  cursor.open(view);
  const found: [number, number][] = [];
  while (cursor.next()) found.push([cursor.id, cursor.valueEnd - cursor.valueStart]);
  return found;
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  plant("reads past the CSRC list of 15 with an extension", "packet.arcrtp", 20_000, ([bytes]) => {
    const view = arcRtp(bytes);
    return view !== undefined && view.csrcCount === 15 && view.hasExtension;
  }),
  plant("accepts padding as long as the payload", "packet.arcrtp", 20_000, ([bytes]) => {
    const view = arcRtp(bytes);
    if (view === undefined || !view.stripPadding()) return false;
    return view.payloadEnd === view.payloadStart && view.end > view.payloadEnd;
  }),
  plant(
    "takes a length of 0xffff words for -1",
    "packet.arcrtp",
    50_000,
    ([bytes]) => bytes.length > 15 && (bytes[0] & 0xdf) === 0x90 && readU16(bytes, 14) === 0xffff,
  ),
  plant(
    "does not move on behind an element of 16 bytes",
    "packet.extensions",
    20_000,
    ([bytes]) => elements(bytes).some(([, length]) => length === 16),
  ),
  plant(
    "forgets that a stamp may come twice",
    "packet.extensions",
    50_000,
    ([bytes]) => elements(bytes).filter(([id]) => id === 1).length > 1,
  ),
  plant(
    "divides by the count of an empty NACK",
    "packet.rtcp",
    50_000,
    ([bytes]) => rtcp(bytes).some((packet) => packet.kind === "nack" && packet.items.length > 3),
  ),
  plant(
    "indexes by the reason of a BYE",
    "packet.rtcp",
    20_000,
    ([bytes]) => rtcp(bytes).some((packet) => packet.kind === "bye" && packet.ssrcs.length === 0),
  ),
  plant(
    "runs out of its chunks",
    "packet.rtcp",
    50_000,
    ([bytes]) => rtcp(bytes).some((packet) => packet.kind === "transport_feedback" && packet.received.length > 6),
  ),
  plant("keeps what a name of the prototype says", "text.json", 50_000, ([bytes]) => {
    const parsed = parseJson(bytes);
    return parsed.ok && isJsonObject(parsed.value) && Object.hasOwn(parsed.value, "constructor");
  }),
  plant("trusts a depth of 16", "text.json", 50_000, ([bytes]) => {
    const parsed = parseJson(bytes);
    return !parsed.ok && parsed.fault.reason === "too_large";
  }),
  plant("adds 1 to the largest SSRC", "message.stream_start", 20_000, ([bytes]) => {
    const start = message(bytes);
    return start?.type === "STREAM_START" && start.stream_type === "both" && start.ssrc === 0xffff_ffff;
  }),
  plant("looks for the first of no relays", "message.connect", 20_000, ([bytes]) => {
    const connect = message(bytes);
    return connect?.type === "CONNECT" && connect.network_info.relay_servers?.length === 0;
  }),
  plant(
    "mixes the last context up with the next",
    "packet.reduced",
    20_000,
    ([bytes]) => bytes.length > 4 && (bytes[0] & 0xe7) === 0xe5 && bytes[1] === 0xff,
  ),
  plant("forgets a packet after five others", "crypto.srtp", 20_000, (units) => {
    const sequences = units.map((unit) => unit.length > 16 ? readU16(unit, 2) : -1);
    return sequences.some((sequence, i) => sequence >= 0 && sequences.indexOf(sequence, i + 6) > i);
  }),
];
