/** SPEC clause 5.6.2: what may go in the clear between peers. More of it is where the suite plays a whole peer. */
import type { Case } from "../../case.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import { streamStop } from "../messages.ts";
import { describe, relayedOverTls } from "../path/watching.ts";

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
  {
    id: "seal/path-tls",
    requirements: ["ARC-SEAL-path-tls", "ARC-SEAL-clear-units"],
    title: "Through a relay over TLS, too, peers seal their JSON, and do not answer a plain HEARTBEAT",
    needs: "peer",
    run: async (world) => {
      const { far, path } = await relayedOverTls(world, "callee");
      const heartbeat = far.heartbeat();
      await path.line.say(heartbeat);
      await far.fence(path);
      const heard = far.log.entries.filter((one) => one.path === path);
      const answer = heard.find((one) => "message" in one && one.message.challenge === heartbeat.challenge);
      world.require(answer === undefined, "no answer to a plain HEARTBEAT", describe(answer));
      const clear = heard.find((one) => one.kind === "plain" && !String(one.message.type).startsWith("RELAY_"));
      world.require(clear === undefined, "sealed JSON, but for what is the relay's", describe(clear));
    },
  },
];

/** The first address of the CONNECT's own. */
function addressOf({ network_info }: Json): { readonly host: string; readonly port: number } | undefined {
  const local = isJson(network_info) && Array.isArray(network_info.local) ? network_info.local : [];
  const [first] = local.filter(isJson);
  return first === undefined ? undefined : { host: String(first.ip), port: Number(first.port) };
}
