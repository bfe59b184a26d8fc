/** What kind of unit bytes are to be read as, and in which dialect: as asked for, or guessed, with the reason. */
import { readU16, toHex } from "../../lib/base/bytes.ts";
import { isSealed, SEAL_OVERHEAD_BYTES } from "../../lib/crypto/seal.ts";
import { ArcRtpView } from "../../lib/packet/arcrtp.ts";
import { parseArmoricoreArcRtp } from "../../lib/packet/armoricore.ts";
import { classifyUnit, UNIT_KIND_NAMES } from "../../lib/packet/demux.ts";
import { RtpView } from "../../lib/packet/rtp_view.ts";
import { ARMORICORE_TYPES, parseArmoricoreMessage } from "../../lib/signaling/armoricore_messages.ts";
import { parseJson } from "../../lib/signaling/json.ts";
import { isJsonObject } from "../../lib/signaling/json_value.ts";
import { parseMessage } from "../../lib/signaling/parse_message.ts";

/** `--type`. */
export const UNIT_TYPES = ["auto", "arcrtp", "rtcp", "reduced", "json"] as const;
/** `--dialect`; `rtp` is plain RTP, without Arc block. */
export const DIALECT_WISHES = ["auto", "arcrtc-1.0", "armoricore", "rtp"] as const;

export interface ReadingWish {
  readonly type: (typeof UNIT_TYPES)[number];
  readonly dialect: (typeof DIALECT_WISHES)[number];
}

export type ReadingDialect = Exclude<ReadingWish["dialect"], "auto">;

export type UnitReading =
  | { readonly kind: "arcrtp" | "json"; readonly dialect: ReadingDialect; readonly why: string }
  | { readonly kind: "rtcp" | "reduced" | "stun" | "dtls" | "unknown"; readonly why: string };

/** A protected packet is one of `arcrtc-1.0`: the engine's are protected differently, and plain RTP is not ours. */
export function chooseReading(bytes: Uint8Array, wish: ReadingWish, isProtected: boolean): UnitReading {
  const kind = wish.type === "auto" ? UNIT_KIND_NAMES[classifyUnit(bytes)] : wish.type;
  const whyKind = wish.type === "auto" ? `first byte ${firstByte(bytes)}` : "as asked";
  if (kind !== "arcrtp" && kind !== "json") return { kind, why: whyKind };
  if (wish.dialect !== "auto") return { kind, dialect: wish.dialect, why: "as asked" };
  if (isProtected && kind === "arcrtp") return { kind, dialect: "arcrtc-1.0", why: "as protected packets are" };
  return { kind, ...(kind === "arcrtp" ? guessPacket(bytes) : guessMessage(bytes)) };
}

function firstByte(bytes: Uint8Array): string {
  return bytes.length === 0 ? "missing" : `0x${toHex(bytes.subarray(0, 1))}`;
}

interface Guess {
  readonly dialect: ReadingDialect;
  readonly why: string;
}

/**
 * Both dialects put the same block in the same place, and plain RTP has media there. Media rarely looks like a block:
 * six flag bits that are 0 in a block are random in it.
 */
function guessPacket(bytes: Uint8Array): Guess {
  const arc = new ArcRtpView();
  if (arc.parse(bytes)) {
    const oddity = findOddity(arc);
    if (oddity === undefined) return { dialect: "arcrtc-1.0", why: "there is an Arc block behind the RTP header" };
    return { dialect: "rtp", why: `no Arc block behind the RTP header: ${oddity}` };
  }
  if (arc.faultReason === "bad_value") {
    if (parseArmoricoreArcRtp(bytes).ok && findOddity(arc) === undefined) {
      return {
        dialect: "armoricore",
        why: `payload type ${arc.payloadType}, which arcrtc-1.0 excludes, and an Arc block`,
      };
    }
    return { dialect: "rtp", why: `payload type ${arc.payloadType}, which arcrtc-1.0 excludes` };
  }
  const mayBePlain = new RtpView().parse(bytes) ? "; it would do as plain RTP, see --dialect rtp" : "";
  return { dialect: "arcrtc-1.0", why: `nothing speaks for another dialect${mayBePlain}` };
}

/** What an Arc block of any sender of today does not have. */
function findOddity(arc: ArcRtpView): string | undefined {
  const flags = arc.bytes[arc.arcStart + 1];
  if ((flags & 0xfc) !== 0) return `flags 0x${toHex(Uint8Array.of(flags))} are not defined`;
  const bandwidth = readU16(arc.bytes, arc.arcStart + 2);
  if ((flags & 1) === 0 && bandwidth !== 0) return `bandwidth ${bandwidth} without its flag`;
}

function guessMessage(bytes: Uint8Array): Guess {
  const json = isSealed(bytes) ? bytes.subarray(0, bytes.length - SEAL_OVERHEAD_BYTES) : bytes;
  const own = parseMessage(json).ok;
  const engine = parseArmoricoreMessage(json).ok;
  if (own) {
    return { dialect: "arcrtc-1.0", why: engine ? "valid in it, and in armoricore too" : "valid in it" };
  }
  if (engine) return { dialect: "armoricore", why: "valid in it, and not in arcrtc-1.0" };
  const value = parseJson(json);
  const type = value.ok && isJsonObject(value.value) ? value.value.type : undefined;
  const isEnginesAlone = typeof type === "string" && !SHARED_TYPES.has(type) &&
    (ARMORICORE_TYPES as readonly string[]).includes(type);
  if (isEnginesAlone) return { dialect: "armoricore", why: `only it has a ${type}` };
  return { dialect: "arcrtc-1.0", why: "nothing speaks for another dialect" };
}

/** Types that both dialects have. */
const SHARED_TYPES: ReadonlySet<string> = new Set(["CONNECT", "CONNECT_ACK", "DISCONNECT"]);
