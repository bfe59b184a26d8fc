/** What cases about paths look for in what the peer under test lets us hear. */
import type { FarPath } from "../../drive/far/far_path.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import type { Heard } from "../../drive/far/heard_log.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";

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
