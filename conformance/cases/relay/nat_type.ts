/** SPEC ARC-RELAY-nat-type: what a peer makes of what two relays see of it; it tells the other peer in HEARTBEATs through them. */
import type { HostPort } from "../../../lib/base/address_table.ts";
import type { Case } from "../../case.ts";
import type { PeerRole } from "../../drive/peer_source.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import type { Json } from "../../testee/answer.ts";

/** No address of ours: a NAT has made it. */
const PUBLIC = { host: "203.0.113.7", port: 40_001 };

export const CASES: readonly Case[] = [
  ...(["caller", "callee"] as const).map((role): Case => ({
    id: `relay/nat-type-symmetric-${role}`,
    requirements: ["ARC-RELAY-nat-type"],
    title: `A ${role} that two relays see at different ports says that its NAT is symmetric`,
    needs: "peer",
    run: (world) => comesToTell(world, role, [PUBLIC, { ...PUBLIC, port: 40_002 }], ["symmetric"]),
  })),
  {
    id: "relay/nat-type-same",
    requirements: ["ARC-RELAY-nat-type"],
    title:
      "A peer that two relays see at the same address and port, which is not its own, does not take its NAT for symmetric",
    needs: "peer",
    run: (world) => comesToTell(world, "callee", [PUBLIC, PUBLIC], ["cone", "restricted"]),
  },
];

/** Two relays see the peer so; what it says by then may be less, what it comes to say is one of these. */
async function comesToTell(
  world: PeerWorld,
  role: PeerRole,
  seen: readonly HostPort[],
  natTypes: readonly string[],
): Promise<void> {
  const relays = seen.map((observed, i) => ({ priority: 10 * (i + 1), observed }));
  const far = await world.call(role, { relays });
  await far.log.find(`a HEARTBEAT through a relay with a nat_type ${natTypes.join(" or ")}`, 0, (heard) => {
    if (heard.kind !== "sealed" || heard.message.type !== "HEARTBEAT") return undefined;
    const { nat_type } = (heard.message.network_info ?? {}) as Json;
    return natTypes.includes(String(nat_type)) || undefined;
  });
}
