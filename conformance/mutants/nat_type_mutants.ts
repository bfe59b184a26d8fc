/** Peers that make something else of what relays see of them. */
import { utf8 } from "../../lib/base/bytes.ts";
import type { OwnPeerChanges } from "../drive/own_peer.ts";
import { messageOf } from "../drive/line.ts";
import type { Mutant } from "./mutant.ts";
import { peerMutant } from "./peer_mutant.ts";

type Observed = { readonly ip: string; readonly port: number };

/** The peer hears another `observed` in each RELAY_BOUND; `n` counts them. */
function seenAs(change: (observed: Observed, n: number) => Observed): OwnPeerChanges {
  return {
    transport(transport) {
      let n = 0;
      const receive = transport.receive.bind(transport);
      transport.receive = async (batch) => {
        if (!await receive(batch)) return false;
        for (let i = 0; i < batch.size; i++) {
          const message = messageOf(batch.packet(i));
          if (message.type !== "RELAY_BOUND") continue;
          const unit = utf8(JSON.stringify({ ...message, observed: change(message.observed as Observed, n++) }));
          batch.bytes.set(unit, batch.offset(i));
          batch.lengths[i] = unit.length;
        }
        return true;
      };
      return transport;
    },
  };
}

export const NAT_TYPE_MUTANTS: readonly Mutant[] = [
  peerMutant({
    id: "nat/looks-at-hosts-alone",
    broken: "takes its NAT for a cone as long as relays see it at one IP address, whatever the ports",
    breaks: ["ARC-RELAY-nat-type"],
  }, seenAs((observed) => ({ ...observed, port: 40_000 }))),
  peerMutant({
    id: "nat/always-symmetric",
    broken: "takes its NAT for symmetric whatever relays see",
    breaks: ["ARC-RELAY-nat-type"],
  }, seenAs((observed, n) => ({ ...observed, port: 40_000 + n }))),
];
