/** Writes an SDP description from what `sdp_session.ts` reads: `parseSdp(writeSdp(session))` is the session again. */
// @ts-types="@types/sdp-transform"
import * as sdp from "sdp-transform";
import type { SdpMedia, SdpSession } from "./sdp_session.ts";

type Section = Parameters<typeof sdp.write>[0]["media"][number];

/** RFC 8839 §4.2: the port of an m-line whose address ICE will find, and its address. */
const DISCARD_PORT = 9;
const NO_ADDRESS = { version: 4, ip: "0.0.0.0" } as const;

/**
 * The text of a description. `originId` identifies the session to the other end: decimal, at most 63 bits
 * (RFC 9429 §5.2.1).
 */
export function writeSdp(session: SdpSession, originId: string): string {
  const { media, bundle } = session;
  return sdp.write({
    version: 0,
    origin: {
      username: "-",
      sessionId: originId,
      sessionVersion: 1,
      netType: "IN",
      ipVer: 4,
      address: "127.0.0.1",
    },
    name: "-",
    timing: { start: 0, stop: 0 },
    ...(bundle.length === 0 ? {} : { groups: [{ type: "BUNDLE", mids: bundle.join(" ") }] }),
    media: media.map((section) => section.isRejected ? rejectedSection(section) : liveSection(section)),
  });
}

function rejectedSection({ kind, protocol, formats, mid }: SdpMedia): Section {
  return {
    type: kind,
    port: 0,
    protocol,
    payloads: formats,
    connection: NO_ADDRESS,
    direction: "inactive",
    rtp: [],
    fmtp: [],
    ...(mid === undefined ? {} : { mid }),
  };
}

function liveSection(media: SdpMedia): Section {
  const { transport: { iceUfrag, icePwd, fingerprint, setup, candidates } } = media;
  const [type, hash] = fingerprint?.split(" ") ?? [];
  return {
    type: media.kind,
    port: DISCARD_PORT,
    protocol: media.protocol,
    payloads: media.formats,
    connection: NO_ADDRESS,
    rtcp: { port: DISCARD_PORT, netType: "IN", ipVer: 4, address: NO_ADDRESS.ip },
    rtp: media.codecs.map(({ payloadType, name, clockRate, channels }) => ({
      payload: payloadType,
      codec: name,
      rate: clockRate,
      ...(channels === undefined ? {} : { encoding: channels }),
    })),
    fmtp: media.codecs.flatMap(({ payloadType, fmtp }) =>
      fmtp === undefined ? [] : [{ payload: payloadType, config: fmtp }]
    ),
    rtcpFb: media.codecs.flatMap(({ payloadType, feedback }) =>
      feedback.map((text) => {
        const [word, subtype] = text.split(" ");
        return { payload: payloadType, type: word, ...(subtype === undefined ? {} : { subtype }) };
      })
    ),
    ext: media.extensions.map(({ id, uri, direction }) => ({
      value: id,
      uri,
      ...(direction === "sendrecv" ? {} : { direction }),
    })),
    setup,
    mid: media.mid,
    direction: media.direction,
    iceUfrag,
    icePwd,
    ...(hash === undefined ? {} : { fingerprint: { type, hash } }),
    ...(candidates.length === 0
      ? {}
      : { candidates: candidates.map(candidateOf), endOfCandidates: "end-of-candidates" }),
    ssrcs: media.sources.map(({ ssrc, cname }) => ({ id: ssrc, attribute: "cname", value: cname ?? "-" })),
    ssrcGroups: media.repairs.map(({ ssrc, protects }) => ({ semantics: "FID", ssrcs: `${protects} ${ssrc}` })),
    ...(media.rtcpMux ? { rtcpMux: "rtcp-mux" } : {}),
    // A bridge's compound packets hold what could be translated, with or without a report in front (RFC 5506).
    rtcpRsize: "rtcp-rsize",
  };
}

/** `sdp-transform` writes candidates from their parts; they stand in this order (RFC 8839 §5.1). */
function candidateOf(text: string): NonNullable<Section["candidates"]>[number] {
  const [foundation, component, transport, priority, ip, port, , type, ...rest] = text.split(" ");
  const after = (word: string) => rest.includes(word) ? rest[rest.indexOf(word) + 1] : undefined;
  const raddr = after("raddr");
  const tcptype = after("tcptype");
  return {
    foundation,
    component: Number(component),
    transport,
    priority: Number(priority),
    ip,
    port: Number(port),
    type,
    ...(raddr === undefined ? {} : { raddr, rport: Number(after("rport")) }),
    ...(tcptype === undefined ? {} : { tcptype }),
  };
}
