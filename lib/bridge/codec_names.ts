/** What codecs are called on the two sides: in ArcRTC (SPEC §5.7) and in SDP's `a=rtpmap`. SPEC ARC-BRIDGE-codec-names. */
import { toHex } from "../base/bytes.ts";
import { writeAudioSpecificConfig } from "../media/container/aac_config.ts";
import { CODEC_NAME_PATTERN, type CodecName, codecOf, isCodecName } from "../media/codec.ts";

/** Encoding names of IANA's registry; SDP compares them without regard to case (RFC 8866 §6.6). */
const SDP_NAMES: Readonly<Record<CodecName, string>> = {
  opus: "opus",
  vp9: "VP9",
  h264: "H264",
  av1: "AV1",
  h265: "H265",
  aac: "mpeg4-generic",
  g722: "G722",
  pcm: "L16",
};

const ARC_NAMES: ReadonlyMap<string, CodecName> = new Map(
  Object.entries(SDP_NAMES).map(([arc, sdp]) => [sdp.toLowerCase(), arc as CodecName]),
);

/** What stands in `a=rtpmap` beside codecs: repair, comfort noise, tones. None of it is media of its own. */
const AUXILIARY: ReadonlySet<string> = new Set([
  "rtx",
  "red",
  "ulpfec",
  "flexfec",
  "flexfec-03",
  "parityfec",
  "cn",
  "telephone-event",
]);

/** RFC 4588's encoding name. */
export const RTX = "rtx";

/** What a codec without a table entry of SDP parameters is offered with where nobody says more. */
const DEFAULT_SAMPLING_HZ = 48_000;
const DEFAULT_CHANNELS = 2;

/** Audio object type. */
const AAC_LC = 2;

/** Of `a=rtpmap` and `a=fmtp`, what decides whether an ArcRTC codec is meant. */
export interface SdpFormat {
  readonly name: string;
  readonly clockRate: number;
  /** Parameters of `a=fmtp` by lower-case name. */
  readonly params: ReadonlyMap<string, string>;
}

/**
 * The ArcRTC name of what an `a=rtpmap` describes; undefined for repair, noise and tones, for a form of a known codec
 * that SPEC §5.7 does not carry, and for a name that ArcRTC cannot write. A name that neither side's table has is
 * written in lower case.
 */
export function arcNameOf({ name, clockRate, params }: SdpFormat): string | undefined {
  const lower = name.toLowerCase();
  if (AUXILIARY.has(lower)) return undefined;
  const known = ARC_NAMES.get(lower);
  // An ArcRTC name that SDP calls otherwise (`aac`, `pcm`) would be a different thing under the same name.
  if (known === undefined) return CODEC_NAME_PATTERN.test(lower) && !isCodecName(lower) ? lower : undefined;
  const { clock } = codecOf(known);
  if (clock !== "sampling" && clock !== clockRate) return undefined;
  return isCarriedForm(known, params) ? known : undefined;
}

/** Of the forms that a codec has in RTP, ArcRTC carries one. */
function isCarriedForm(name: CodecName, params: ReadonlyMap<string, string>): boolean {
  switch (name) {
    case "h264":
      return params.get("packetization-mode") === "1";
    case "h265":
      return (params.get("sprop-max-don-diff") ?? "0") === "0";
    case "aac":
      return params.get("mode")?.toLowerCase() === "aac-hbr";
    default:
      return true;
  }
}

/** SDP's name of an ArcRTC codec; custom codecs keep theirs. */
export function sdpNameOf(arcName: string): string {
  return isCodecName(arcName) ? SDP_NAMES[arcName] : arcName;
}

/** Clock and channels that a known codec is offered with, when no stream has said otherwise. */
export function offeredFormatOf(name: CodecName): OfferedFormat {
  const { clock, kind } = codecOf(name);
  const clockRate = clock === "sampling" ? DEFAULT_SAMPLING_HZ : clock;
  // G.722 is mono in RFC 3551; of video nobody says how many channels it has.
  return kind === "video" || name === "g722" ? { clockRate } : { clockRate, channels: DEFAULT_CHANNELS };
}

/** Clock and channels of a codec in an offer. */
export interface OfferedFormat {
  readonly clockRate: number;
  readonly channels?: number;
}

/** `a=fmtp` of an offer that a bridge makes; undefined where the codec needs none. */
export function offeredParametersOf(name: CodecName, format: OfferedFormat): string | undefined {
  switch (name) {
    case "opus":
      return "minptime=10;useinbandfec=1";
    case "vp9":
      return "profile-id=0";
    case "h264":
      // Constrained baseline at level 3.1, which RFC 7742 §6.2 obliges every browser to know.
      return "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
    case "aac":
      return `streamtype=5;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3${aacConfigOf(format)}`;
    default:
      return undefined;
  }
}

/** AAC LC at the clock of the stream; RFC 3640 §4.1 wants it, and a rate that it cannot name leaves it out. */
function aacConfigOf({ clockRate, channels = 1 }: OfferedFormat): string {
  const config = writeAudioSpecificConfig({ objectType: AAC_LC, sampleRateHz: clockRate, channels });
  return config.ok ? `;config=${toHex(config.value)}` : "";
}
