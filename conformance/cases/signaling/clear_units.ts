/** SPEC clause 5.6.2: what may go in the clear between peers. More of it is where the suite plays a whole peer. */
import type { Case } from "../../case.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import { streamStop } from "../messages.ts";
import { unplayed } from "../unplayed.ts";

export const CASES: readonly Case[] = [
  {
    id: "seal/clear-dropped",
    requirements: ["ARC-SEAL-clear-dropped", "ARC-SEAL-insecure-mode"],
    title: "A peer that was told nothing of an insecure mode answers no plain message on its media port",
    needs: "peer",
    run: async (world) => {
      const signal = await world.start("caller");
      const at = addressOf(await signal.nextMessage("CONNECT"));
      if (at === undefined) return world.skip("the CONNECT names no address of the peer");
      const stranger = await world.media("stranger", at);
      const voice = world.callee;
      await stranger.say({ type: "HEARTBEAT", session_id: world.sessionId, sequence: 1, timestamp: world.timestamp });
      await stranger.say(streamStop(voice, world.timestamp));
      await stranger.send(new TextEncoder().encode('{"type":"HELLO"}'));
      await stranger.silence();
      // The session is as it was: its CONNECT is repeated, and nothing was told to the server.
      await signal.nextMessage("CONNECT", { session_id: world.sessionId });
    },
  },
  unplayed(
    "seal/path-tls",
    "ARC-SEAL-path-tls",
    "JSON between peers is sealed on a path through a relay over TLS",
    "the suite plays relays over UDP, not over TLS",
  ),
];

/** The first address of the CONNECT's own. */
function addressOf({ network_info }: Json): { readonly host: string; readonly port: number } | undefined {
  const local = isJson(network_info) && Array.isArray(network_info.local) ? network_info.local : [];
  const [first] = local.filter(isJson);
  return first === undefined ? undefined : { host: String(first.ip), port: Number(first.port) };
}
