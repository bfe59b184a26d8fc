/** Finds the reader for a media file by its first bytes and, where they say nothing, by its name. */
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import { unreachable } from "../../base/unreachable.ts";
import { NalCursor } from "../payload/annexb.ts";
import { makeAdtsReader, parseAdtsHeader } from "./adts.ts";
import { makeAnnexBReader } from "./annexb.ts";
import { makeG722Reader } from "./g722.ts";
import { makeIvfReader } from "./ivf.ts";
import { hasMagic } from "./little_endian.ts";
import type { MediaReader } from "./media_reader.ts";
import { makeOggReader } from "./ogg.ts";
import { makeWavReader } from "./wav.ts";

export type ContainerKind = "ogg" | "ivf" | "wav" | "adts" | "h264" | "h265" | "g722";

/** Bytes of a file's beginning that {@link detectContainer} makes the most of; a shorter file is given whole. */
export const DETECT_BYTES = 4096;

/** Names decide only where bytes cannot, and between the two codecs that share a byte stream format. */
const KIND_BY_EXTENSION: Readonly<Record<string, ContainerKind>> = {
  g722: "g722",
  h264: "h264",
  "264": "h264",
  avc: "h264",
  h265: "h265",
  "265": "h265",
  hevc: "h265",
  aac: "adts",
  adts: "adts",
};

/**
 * What a file is: `head` is its beginning ({@link DETECT_BYTES} or the whole of it), `name` its path or name. Undefined
 * when neither tells.
 */
export function detectContainer(head: Uint8Array, name: string): ContainerKind | undefined {
  if (hasMagic(head, 0, "OggS")) return "ogg";
  if (hasMagic(head, 0, "DKIF")) return "ivf";
  if (hasMagic(head, 0, "RIFF") && hasMagic(head, 8, "WAVE")) return "wav";
  const named = KIND_BY_EXTENSION[extensionOf(name)];
  // Bare octets could look like anything.
  if (named === "g722") return named;
  return detectByteStream(head, named) ?? (isAdts(head) ? "adts" : undefined);
}

export interface OpenOptions {
  /** Frames per second of H.264 and H.265 byte streams, which have no times; the stream's own word when absent. */
  readonly fps?: number;
}

/**
 * A reader for the file; nothing has been pushed to it yet, `head` included.
 *
 * Fault `unknown_type` where the file is none that is known.
 */
export function openMedia(head: Uint8Array, name: string, options: OpenOptions = {}): Parsed<MediaReader> {
  const kind = detectContainer(head, name);
  if (kind === undefined) {
    return fault(
      "unknown_type",
      `Cannot read ${name}: neither Ogg, IVF, WAV, ADTS, H.264 or H.265 Annex B by its bytes, nor .g722 by its name`,
      { offset: 0 },
    );
  }
  return ok(makeReader(kind, options));
}

function makeReader(kind: ContainerKind, options: OpenOptions): MediaReader {
  switch (kind) {
    case "ogg":
      return makeOggReader();
    case "ivf":
      return makeIvfReader();
    case "wav":
      return makeWavReader();
    case "adts":
      return makeAdtsReader();
    case "h264":
    case "h265":
      return makeAnnexBReader(kind, options);
    case "g722":
      return makeG722Reader();
    default:
      return unreachable(kind);
  }
}

function extensionOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1).toLowerCase();
}

/** H.264 or H.265 by the first NAL unit that only one of them can have, else by the name. */
function detectByteStream(head: Uint8Array, named: ContainerKind | undefined): "h264" | "h265" | undefined {
  const nal = new NalCursor();
  nal.open(head);
  if (!nal.aligned || nal.nextStart < 0) return undefined;
  if (named === "h264" || named === "h265") return named;
  const MAX_NALS = 16;
  for (let i = 0; i < MAX_NALS && nal.advance(); i++) {
    const [first, second] = [head[nal.start], head[nal.start + 1]];
    // VPS, SPS, PPS, delimiter, SEI of the base layer; as H.264 none of them would be a legal first byte.
    if (second === 1 && (first === 0x40 || first === 0x42 || first === 0x44 || first === 0x46 || first === 0x4e)) {
      return "h265";
    }
    const isReference = (first & 0x60) !== 0;
    const type = first & 0x1f;
    if (isReference && (type === 7 || type === 8 || type === 5)) return "h264";
    if (!isReference && (type === 9 || type === 6)) return "h264";
  }
  return undefined;
}

/** Two headers in a row, where the file is long enough for a second. */
function isAdts(head: Uint8Array): boolean {
  const first = parseAdtsHeader(head);
  if (!first.ok) return false;
  const rest = head.subarray(first.value.frameBytes);
  return rest.length < 7 || parseAdtsHeader(rest).ok;
}
