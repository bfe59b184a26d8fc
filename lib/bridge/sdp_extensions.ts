/** The header extensions that both sides have: ArcRTC by id (SPEC §2.2), SDP by URI. SPEC ARC-BRIDGE-mapping. */
import { EXT_SEND_TIME, EXT_TRANSPORT_SEQUENCE } from "../packet/extensions.ts";
import type { SdpDirection, SdpExtension } from "./sdp_session.ts";

const ARC_IDS: ReadonlyMap<string, number> = new Map([
  ["http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", EXT_SEND_TIME],
  ["http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", EXT_TRANSPORT_SEQUENCE],
]);

/** The ArcRTC element that an extension of SDP is; undefined for one that ArcRTC does not have. */
export function arcIdOf(extension: SdpExtension): number | undefined {
  return ARC_IDS.get(extension.uri);
}

/** Both extensions, as a bridge offers them: under ArcRTC's own ids. */
export const OFFERED_EXTENSIONS: readonly SdpExtension[] = [...ARC_IDS].map(([uri, id]) => ({
  id,
  uri,
  direction: "sendrecv",
}));

/** The direction that answers one: what the other end sends is received here. */
export function reversed(direction: SdpDirection): SdpDirection {
  switch (direction) {
    case "sendonly":
      return "recvonly";
    case "recvonly":
      return "sendonly";
    default:
      return direction;
  }
}

/** What a bridge answers to the offered extensions: those that it maps, under the offer's ids, each id and URI once. */
export function answeredExtensions(offered: readonly SdpExtension[]): readonly SdpExtension[] {
  const ids = new Set<number>();
  const uris = new Set<string>();
  return offered.flatMap((extension) => {
    const { id, uri, direction } = extension;
    if (arcIdOf(extension) === undefined || ids.has(id) || uris.has(uri)) return [];
    ids.add(id);
    uris.add(uri);
    return [{ id, uri, direction: reversed(direction) }];
  });
}
