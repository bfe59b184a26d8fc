/**
 * SDP as WebRTC uses it (RFC 8866, RFC 9429), read into what a bridge asks for. The reading itself is `sdp-transform`'s;
 * this file gives it bounds and types, since a description comes from a stranger.
 */
// @ts-types="@types/sdp-transform"
import * as sdp from "sdp-transform";
import { fault, ok, type Parsed } from "../base/parsed.ts";

/** As a message of ArcSignaling (SPEC ARC-SIG-json-size): what is told in one cannot need much more in the other. */
export const MAX_SDP_CHARACTERS = 65_535;
export const MAX_SDP_LINES = 4096;

export const SDP_DIRECTIONS = ["sendrecv", "sendonly", "recvonly", "inactive"] as const;

export type SdpDirection = (typeof SDP_DIRECTIONS)[number];

/** One payload type of an m-line. */
export interface SdpCodec {
  readonly payloadType: number;
  /** As `a=rtpmap` spells it. */
  readonly name: string;
  readonly clockRate: number;
  readonly channels?: number;
  /** `a=fmtp`, as it came. */
  readonly fmtp?: string;
  /** `a=rtcp-fb`, each without the payload type: `nack pli`. */
  readonly feedback: readonly string[];
}

/** `a=extmap` (RFC 8285 §5). */
export interface SdpExtension {
  readonly id: number;
  readonly uri: string;
  /** Seen from whoever wrote the description. */
  readonly direction: SdpDirection;
}

/** `a=ssrc`. */
export interface SdpSource {
  readonly ssrc: number;
  readonly cname?: string;
}

/** `a=ssrc-group:FID`: `ssrc` retransmits what `protects` sends (RFC 4588 §8.8). */
export interface SdpRepair {
  readonly ssrc: number;
  readonly protects: number;
}

/** What ICE and DTLS need of the other end. A bridge's operator brings his own. */
export interface SdpTransport {
  readonly iceUfrag?: string;
  readonly icePwd?: string;
  /** `sha-256 AB:CD:...`. */
  readonly fingerprint?: string;
  /** `actpass`, `active`, `passive`. */
  readonly setup?: string;
  /** `a=candidate`, each without its name. */
  readonly candidates: readonly string[];
}

export interface SdpMedia {
  /** `audio`, `video`, `application`, or whatever the m-line says. */
  readonly kind: string;
  /** True for a port of 0 without `a=bundle-only` (RFC 9429 §4.1). */
  readonly isRejected: boolean;
  readonly protocol: string;
  /** The formats of the m-line, as they came. */
  readonly formats: string;
  readonly mid?: string;
  readonly direction: SdpDirection;
  readonly rtcpMux: boolean;
  readonly transport: SdpTransport;
  /** In the order of the m-line, which is the order of preference. */
  readonly codecs: readonly SdpCodec[];
  readonly extensions: readonly SdpExtension[];
  readonly sources: readonly SdpSource[];
  readonly repairs: readonly SdpRepair[];
}

export interface SdpSession {
  readonly media: readonly SdpMedia[];
  /** The mids of `a=group:BUNDLE`. */
  readonly bundle: readonly string[];
}

/**
 * Reads a description. Lines that nobody asks for here are passed over, as RFC 8866 §5 wants it.
 *
 * Faults: `too_large` beyond {@link MAX_SDP_CHARACTERS} or {@link MAX_SDP_LINES}, `bad_version` without `v=0` first,
 * `bad_value` for an m-line that is none, `missing_field` without any; `path` names the m-line.
 */
export function parseSdp(text: string): Parsed<SdpSession> {
  if (text.length > MAX_SDP_CHARACTERS) {
    return tooLarge(`${MAX_SDP_CHARACTERS} characters`, text.length, MAX_SDP_CHARACTERS);
  }
  const lines = countLines(text);
  if (lines > MAX_SDP_LINES) return tooLarge(`${MAX_SDP_LINES} lines`, lines, 0);
  if (!/^v=0[\r\n]/.test(text)) {
    return fault("bad_version", "Cannot parse SDP: expected v=0 as its first line", { offset: 0 });
  }
  const read = sdp.parse(text);
  if (read.media.length === 0) {
    return fault("missing_field", "Cannot parse SDP: it has no m-line", { path: "$.media" });
  }
  const media: SdpMedia[] = [];
  for (const [i, section] of read.media.entries()) {
    if (textOf(section.type) === undefined || integerOf(section.port, 0, 65_535) === undefined) {
      return fault("bad_value", `Cannot parse SDP: m-line ${i + 1} needs a kind, a port and a protocol`, {
        path: `$.media[${i}]`,
      });
    }
    media.push(mediaOf(section, read));
  }
  return ok({ media, bundle: bundleOf(read) });
}

function tooLarge(most: string, got: number, offset: number): ReturnType<typeof fault> {
  return fault("too_large", `Cannot parse SDP: at most ${most}, got ${got}`, { offset });
}

/** Both characters of a line's end count, so that neither can be used to hide lines. */
function countLines(text: string): number {
  let lines = 1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x0a || (code === 0x0d && text.charCodeAt(i + 1) !== 0x0a)) lines++;
  }
  return lines;
}

type Session = ReturnType<typeof sdp.parse>;
type Section = Session["media"][number];

function mediaOf(section: Section, session: Session): SdpMedia {
  return {
    kind: textOf(section.type) ?? "",
    isRejected: section.port === 0 && section.bundleOnly === undefined,
    protocol: textOf(section.protocol) ?? "",
    formats: textOf(section.payloads) ?? "",
    ...defined("mid", textOf(section.mid)),
    direction: directionOf(section.direction) ?? directionOf(session.direction) ?? "sendrecv",
    rtcpMux: section.rtcpMux !== undefined,
    transport: transportOf(section, session),
    codecs: codecsOf(section),
    extensions: extensionsOf([...(session.ext ?? []), ...(section.ext ?? [])]),
    sources: sourcesOf(section),
    repairs: repairsOf(section),
  };
}

function transportOf(section: Section, session: Session): SdpTransport {
  const fingerprint = section.fingerprint ?? session.fingerprint;
  return {
    ...defined("iceUfrag", textOf(section.iceUfrag) ?? textOf(session.iceUfrag)),
    ...defined("icePwd", textOf(section.icePwd) ?? textOf(session.icePwd)),
    ...defined("fingerprint", fingerprint && `${fingerprint.type} ${fingerprint.hash}`),
    ...defined("setup", textOf(section.setup) ?? textOf(session.setup)),
    candidates: (section.candidates ?? []).map(candidateText),
  };
}

function candidateText(candidate: NonNullable<Section["candidates"]>[number]): string {
  const { foundation, component, transport, priority, ip, port, type, raddr, rport, tcptype } = candidate;
  const related = raddr === undefined ? "" : ` raddr ${raddr} rport ${rport}`;
  const tcp = tcptype === undefined ? "" : ` tcptype ${tcptype}`;
  return `${foundation} ${component} ${transport} ${priority} ${ip} ${port} typ ${type}${related}${tcp}`;
}

/** Payload types with a meaning of their own, where `a=rtpmap` may be left out (RFC 3551 §6). */
const STATIC_FORMATS: ReadonlyMap<number, Omit<SdpCodec, "payloadType" | "feedback">> = new Map([
  [0, { name: "PCMU", clockRate: 8000 }],
  [8, { name: "PCMA", clockRate: 8000 }],
  [9, { name: "G722", clockRate: 8000 }],
  [10, { name: "L16", clockRate: 44_100, channels: 2 }],
  [11, { name: "L16", clockRate: 44_100, channels: 1 }],
]);

/** What the m-line lists, once each; of two lines about one payload type the first counts. */
function codecsOf(section: Section): readonly SdpCodec[] {
  const maps = firstBy(section.rtp, ({ payload }) => payload);
  const parameters = firstBy(section.fmtp, ({ payload }) => payload);
  const feedback = new Map<string, string[]>();
  for (const { payload, type, subtype } of section.rtcpFb ?? []) {
    const list = feedback.get(String(payload)) ?? [];
    list.push(subtype === undefined ? type : `${type} ${subtype}`);
    feedback.set(String(payload), list);
  }
  const codecs: SdpCodec[] = [];
  for (const payloadType of new Set((textOf(section.payloads) ?? "").split(" ").map(Number))) {
    if (integerOf(payloadType, 0, 127) === undefined) continue;
    const map = maps.get(payloadType);
    const format = map === undefined ? STATIC_FORMATS.get(payloadType) : {
      name: textOf(map.codec) ?? "",
      clockRate: integerOf(map.rate, 1, 0xffff_ffff) ?? 0,
      ...defined("channels", integerOf(map.encoding, 1, 255)),
    };
    if (format === undefined || format.name === "" || format.clockRate === 0) continue;
    codecs.push({
      payloadType,
      ...format,
      ...defined("fmtp", textOf(parameters.get(payloadType)?.config)),
      feedback: [...(feedback.get("*") ?? []), ...(feedback.get(String(payloadType)) ?? [])],
    });
  }
  return codecs;
}

function extensionsOf(lines: NonNullable<Section["ext"]>): readonly SdpExtension[] {
  return lines.flatMap(({ value, uri, direction, "encrypt-uri": encrypted }) => {
    const id = integerOf(value, 1, 255);
    // Encrypted extensions (RFC 6904) are part of the protection that ends here.
    if (id === undefined || encrypted !== undefined || textOf(uri) === undefined) return [];
    return [{ id, uri: String(uri), direction: directionOf(direction) ?? "sendrecv" }];
  });
}

function sourcesOf(section: Section): readonly SdpSource[] {
  const sources = new Map<number, SdpSource>();
  for (const { id, attribute, value } of section.ssrcs ?? []) {
    const ssrc = integerOf(id, 0, 0xffff_ffff);
    if (ssrc === undefined) continue;
    const cname = attribute === "cname" ? textOf(value) : undefined;
    if (cname !== undefined || !sources.has(ssrc)) sources.set(ssrc, { ssrc, ...defined("cname", cname) });
  }
  return [...sources.values()];
}

function repairsOf(section: Section): readonly SdpRepair[] {
  return (section.ssrcGroups ?? []).flatMap(({ semantics, ssrcs }) => {
    if (semantics !== "FID") return [];
    const [protects, ssrc] = String(ssrcs).split(" ").map((text) => integerOf(Number(text), 0, 0xffff_ffff));
    return protects === undefined || ssrc === undefined || protects === ssrc ? [] : [{ ssrc, protects }];
  });
}

function bundleOf(session: Session): readonly string[] {
  const group = (session.groups ?? []).find(({ type }) => type === "BUNDLE");
  return group === undefined ? [] : String(group.mids).split(" ").filter((mid) => mid !== "");
}

function directionOf(value: unknown): SdpDirection | undefined {
  return SDP_DIRECTIONS.find((direction) => direction === value);
}

function firstBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): ReadonlyMap<Key, Item> {
  const found = new Map<Key, Item>();
  for (const item of items) if (!found.has(keyOf(item))) found.set(keyOf(item), item);
  return found;
}

/** `sdp-transform` makes numbers of texts that look like some; an empty text is no value. */
function textOf(value: unknown): string | undefined {
  return value === undefined || value === null || value === "" ? undefined : String(value);
}

function integerOf(value: unknown, min: number, max: number): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

/** A member of an object, or none: absent and undefined are one thing less to tell apart. */
function defined<Name extends string, Value>(name: Name, value: Value | undefined): { readonly [N in Name]?: Value } {
  return value === undefined ? {} : { [name]: value } as { readonly [N in Name]?: Value };
}
