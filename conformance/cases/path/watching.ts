/** What cases about paths look for in what the peer under test lets us hear. */
import type { FarPath } from "../../drive/far/far_path.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import type { Heard } from "../../drive/far/heard_log.ts";
import type { PeerRole } from "../../drive/peer_source.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";

/** After so long what was sent on another path, before media changed over, has been read, on a busy host too. */
export const SETTLED_MS = 100;

export function isProbe(heard: Heard, path: FarPath): boolean {
  return heard.kind === "sealed" && heard.path === path && heard.message.type === "HEARTBEAT";
}

export function isMediaOn(heard: Heard, path: FarPath): true | undefined {
  return heard.kind === "media" && heard.path === path || undefined;
}

/** The next media packet that comes on the path. */
export async function mediaOn(far: FarPeer, path: FarPath, mark = far.log.mark): Promise<void> {
  await far.log.find(`media on ${path.line.name}`, mark, (heard) => isMediaOn(heard, path));
}

/** A call in which UDP does not pass: media of the peer's comes through a relay over TLS. */
export async function relayedOverTls(
  world: PeerWorld,
  role: PeerRole,
): Promise<{ readonly far: FarPeer; readonly path: FarPath }> {
  const far = await world.call(role, { relays: [{ priority: 10, transport: "tls" }], pathsAreSilent: true });
  const [{ place }] = far.relays;
  place.isAnswering = true;
  const { path } = await far.stage.arrival([place]);
  await mediaOn(far, path, 0);
  return { far, path };
}

/** The path stays unproven: what was sent has been dealt with, and still there are HEARTBEATs only. */
export async function hearsNoMedia(world: PeerWorld, far: FarPeer): Promise<void> {
  await far.fence();
  await world.pass(200);
  const other = far.log.entries.find((heard) => ["media", "early", "rtcp"].includes(heard.kind));
  world.require(other === undefined, "no media without a valid path", describe(other));
}

export function describe(heard: Heard | undefined): string {
  return heard === undefined ? "nothing" : `${heard.kind} on ${heard.path?.line.name ?? "signaling"}`;
}
