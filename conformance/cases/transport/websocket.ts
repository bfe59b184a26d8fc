/** SPEC clause 6.1: WebSocket without Phoenix, and frames that are no text. */
import { MAX_MESSAGE_BYTES } from "../../../lib/net/signaling_link.ts";
import type { Case } from "../../case.ts";
import { PhoenixLine } from "../../drive/phoenix_line.ts";
import { streamStop } from "../messages.ts";

export const CASES: readonly Case[] = [
  {
    id: "transport/websocket-plain",
    requirements: ["ARC-TRANSPORT-websocket-plain"],
    title: "A server takes the subprotocol arcrtc.v1.json and has one message in each text frame",
    needs: "server",
    run: async (world) => {
      // The client refuses a server that does not confirm the subprotocol.
      const line = await world.webSocket("caller", "plain");
      await line.say(world.heartbeat(world.callerId, 1));
      await line.nextMessage("HEARTBEAT_ACK", { sequence: 1 });
    },
  },
  {
    id: "transport/websocket-plain-one-message",
    requirements: ["ARC-TRANSPORT-websocket-plain", "ARC-SIG-json-trailing"],
    title: "Two messages in one frame are bad_json, and neither is acted on",
    needs: "server",
    run: async (world) => {
      const line = await world.webSocket("caller", "plain");
      const beat = (sequence: number) => JSON.stringify(world.heartbeat(world.callerId, sequence));
      await line.send(new TextEncoder().encode(`${beat(1)}${beat(2)}`));
      await line.nextMessage("ERROR", { code: "bad_json" });
      await line.send(new TextEncoder().encode(beat(3)));
      await line.nextMessage("HEARTBEAT_ACK", { sequence: 3 });
    },
  },
  {
    id: "transport/websocket-plain-size",
    requirements: ["ARC-SIG-json-size"],
    title: "A message of 65535 bytes passes a server, one of 65536 is too_large, and the connection goes on",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair("plain");
      const stop = (x_pad: string) => ({ ...streamStop(world.caller, 1), x_pad });
      const room = MAX_MESSAGE_BYTES - JSON.stringify(stop("")).length;
      await caller.say(stop("p".repeat(room + 1)));
      await caller.nextMessage("ERROR", { code: "too_large" });
      await caller.say(stop("p".repeat(room)));
      await callee.nextMessage("STREAM_STOP", { x_pad: "p".repeat(room) });
    },
  },
  {
    id: "transport/websocket-binary",
    requirements: ["ARC-TRANSPORT-websocket-binary"],
    title: "A message in a binary frame is answered with bad_json and not acted on",
    needs: "server",
    run: async (world) => {
      const line = await world.webSocket("caller", "plain", { binary: true });
      await line.say(world.heartbeat(world.callerId, 1));
      await line.nextMessage("ERROR", { code: "bad_json" });
    },
  },
  {
    id: "transport/websocket-binary-phoenix",
    requirements: ["ARC-TRANSPORT-websocket-binary"],
    title: "A Phoenix frame in a binary frame is answered with bad_json and not acted on",
    needs: "server",
    run: async (world) => {
      const line = new PhoenixLine(await world.webSocket("caller", "phoenix", { binary: true }));
      await line.tell("phoenix", "heartbeat", {}, null);
      const { payload } = await line.pushed("ERROR");
      world.require(payload.code === "bad_json", "the code bad_json", String(payload.code));
      line.requireNone("phx_reply");
    },
  },
];
