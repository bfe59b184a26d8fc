/** SPEC clause 6.4: what a server forwards to whom, and what it changes. */
import { EXAMPLES } from "../../../lib/signaling/examples.ts";
import { issueRelayToken } from "../../../lib/crypto/relay_token.ts";
import { NIL_UUID } from "../../../lib/base/uuid.ts";
import type { Case } from "../../case.ts";
import type { ServerWorld } from "../../drive/server_world.ts";
import type { Voice } from "../../drive/world.ts";
import { brief, differenceOf } from "../../expect.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import {
  connect,
  connectAck,
  errorMessage,
  qualityAdapt,
  relaysOf,
  said,
  streamStart,
  streamStop,
} from "../messages.ts";
import { rotation } from "../signaling/epoch_messages.ts";
import { ANNA, at, BEN, script, sent, silent, T } from "../signaling/script.ts";

const FOREIGN_RELAY = { id: "of-the-sender", address: "192.0.2.66", port: 6666, priority: 0 };

export const CASES: readonly Case[] = [
  {
    id: "transport/server-forward",
    requirements: ["ARC-TRANSPORT-server-forward"],
    title: "Each message reaches the other peer of its session once, and comes back to nobody",
    needs: "server",
    run: async (world) => {
      for (const way of world.plainWays()) {
        const { caller, callee } = await world.pair(way);
        await caller.say(streamStop(world.caller, 1));
        await callee.nextMessage("STREAM_STOP", { timestamp: 1 });
        await callee.say(streamStop(world.callee, 2));
        // Had the first come back, it would stand here.
        await caller.nextMessage("STREAM_STOP", { timestamp: 2 });
        await caller.say(streamStop(world.caller, 3));
        await callee.nextMessage("STREAM_STOP", { timestamp: 3 });
        caller.close();
        callee.close();
      }
    },
  },
  {
    id: "transport/server-forward-sessions",
    requirements: ["ARC-TRANSPORT-server-forward"],
    title: "Nothing of a session reaches the peers of another, though peer_ids are the same",
    needs: "server",
    run: async (world) => {
      const other = { sessionId: world.callerId, peerId: world.callerId };
      const bystander = await world.joined("bystander", other);
      const { caller, callee } = await world.pair();
      await caller.say(connect(world.caller, 1));
      await callee.nextMessage("CONNECT");
      await bystander.say(world.heartbeat(other.peerId, 77, other.sessionId));
      await bystander.nextMessage("HEARTBEAT_ACK", { sequence: 77 });
    },
  },
  {
    id: "transport/server-forward-order",
    requirements: ["ARC-TRANSPORT-server-forward"],
    title: "Thirty messages in a row arrive in their order",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      for (let i = 1; i <= 30; i++) await caller.say(streamStop(world.caller, i));
      for (let i = 1; i <= 30; i++) await callee.nextMessage("STREAM_STOP", { timestamp: i });
    },
  },
  {
    id: "transport/server-forward-metrics",
    requirements: ["ARC-TRANSPORT-server-forward"],
    title: "METRICS are answered by nobody, and reach nobody but the server or the other peer",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const empty = { latency: {}, quality: {}, performance: {}, network: {} };
      await caller.say(said("METRICS", world.caller, 1, empty));
      await caller.say(streamStop(world.caller, 2));
      await callee.eventualMessage("STREAM_STOP", { timestamp: 2 });
      await callee.say(streamStop(world.callee, 3));
      await caller.nextMessage("STREAM_STOP", { timestamp: 3 });
    },
  },
  {
    id: "transport/server-forward-script",
    requirements: ["ARC-TRANSPORT-server-forward"],
    title: "A server of three sessions keeps them apart",
    needs: "ops",
    checks: () => {
      const sessions = ["1", "2", "3"].map((n) => `${n.repeat(8)}-1111-4111-8111-111111111111`);
      const of = (sessionId: string, { peerId }: Voice): Voice => ({ sessionId, peerId });
      const joins = sessions.flatMap((sessionId, i) => [
        at(i, said("HEARTBEAT", of(sessionId, ANNA), T, { sequence: 1 }), `a${i}`),
        at(i, said("HEARTBEAT", of(sessionId, BEN), T, { sequence: 1 }), `b${i}`),
      ]);
      return sessions.map((sessionId, i) => {
        const stop = at(50, streamStop(of(sessionId, ANNA), T + i), `a${i}`);
        const others = [0, 1, 2].filter((other) => other !== i).flatMap((other) => [`a${other}`, `b${other}`]);
        return script(
          `session ${i}`,
          { role: "server", inputs: [...joins, stop] },
          sent("STREAM_STOP", { timestamp: T + i }, { fromMs: 50, to: `b${i}` }),
          ...[`a${i}`, ...others].map((to) => silent({ fromMs: 50, to })),
        );
      });
    },
  },
  {
    id: "transport/server-unchanged",
    requirements: ["ARC-TRANSPORT-server-unchanged"],
    title: "What is forwarded is what was said, unknown fields, numbers and texts of all scripts included",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const extra = { x_new: { deep: [1, null, "é€😀", 0.1, 1e21, -0] }, "": "empty", __proto: 1 };
      const messages: readonly Json[] = [
        connectAck(world.caller, 1, extra),
        streamStart(world.caller, 2, extra),
        streamStop(world.caller, 3, extra),
        qualityAdapt(world.caller, 4, extra),
        rotation(1, 5, { session_id: world.sessionId, peer_id: world.callerId, ...extra }),
        said("DISCONNECT", world.caller, 6, { reason: "error", ...extra }),
        errorMessage("busy", 7, { session_id: world.sessionId, ...extra }),
        { ...EXAMPLES.ACK.full, session_id: world.sessionId, ...extra },
        { ...EXAMPLES.HEARTBEAT_ACK.full, session_id: world.sessionId, ...extra },
      ];
      for (const message of messages) {
        await caller.say(message);
        const got = await callee.nextMessage(String(message.type));
        const difference = differenceOf(withoutRelays(message), withoutRelays(got));
        world.require(difference === undefined, `the ${message.type} as it was said`, String(difference));
      }
    },
  },
  {
    id: "transport/server-unchanged-token",
    requirements: ["ARC-TRANSPORT-server-unchanged"],
    title: "The token is taken out of CONNECT and HEARTBEAT, and nothing else with it",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const token = world.credentials(world.caller).token ?? "a.secret.token";
      for (
        const message of [
          connect(world.caller, 11, { token }),
          said("HEARTBEAT", world.caller, 12, { sequence: 9, challenge: "0011223344556677", pad: "x", token }),
        ]
      ) {
        await caller.say(message);
        const got = await callee.nextMessage(String(message.type));
        const { token: _secret, ...rest } = message;
        const difference = differenceOf(withoutRelays(rest), withoutRelays(got));
        world.require(difference === undefined, `the ${message.type} without its token`, String(difference));
      }
    },
  },
  {
    id: "transport/server-unchanged-token-held",
    requirements: ["ARC-TRANSPORT-server-unchanged", "ARC-TRANSPORT-server-hold-connect"],
    title: "A CONNECT that was held has lost its token too",
    needs: "server",
    run: async (world) => {
      const caller = await world.connect("caller");
      const token = world.credentials(world.caller).token ?? "a.secret.token";
      await caller.say(connect(world.caller, 13, { token }));
      const callee = await world.connect("callee");
      await callee.say(world.heartbeat(world.calleeId, 1));
      const got = await callee.eventualMessage("CONNECT", { timestamp: 13 });
      world.require(!("token" in got), "no token", brief(got.token));
    },
  },
  {
    id: "transport/server-relays",
    requirements: ["ARC-TRANSPORT-server-relays", "ARC-SIG-relay-servers-fields"],
    title: "The relay_servers of a sender are not passed on: a peer gets the server's, with tokens of its own",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const network_info = { nat_type: "unknown", relay_servers: [FOREIGN_RELAY] };
      await caller.say(connect(world.caller, 1, { network_info }));
      judgeRelays(world, await callee.nextMessage("CONNECT"), world.callee);
      await callee.say(connectAck(world.callee, 2, { network_info }));
      judgeRelays(world, await caller.nextMessage("CONNECT_ACK"), world.caller);
    },
  },
  {
    id: "transport/server-relays-handed-out",
    requirements: ["ARC-TRANSPORT-server-relays", "ARC-TRANSPORT-server-unchanged"],
    title: "A server with relays puts them into CONNECT and CONNECT_ACK",
    needs: "server",
    run: async (world) => {
      if (world.target.relaySecret === undefined) world.skip("needs --relay-secret of a server that hands out relays");
      const { caller, callee } = await world.pair();
      await caller.say(connect(world.caller, 1));
      const toCallee = relaysOf(await callee.nextMessage("CONNECT"));
      await callee.say(connectAck(world.callee, 2));
      const toCaller = relaysOf(await caller.nextMessage("CONNECT_ACK"));
      world.require(toCallee.length > 0 && toCaller.length > 0, "relays for both", brief([toCallee, toCaller]));
      world.require(toCallee[0].token !== toCaller[0].token, "a token for each peer", "the same one");
    },
  },
  {
    id: "transport/server-validate",
    requirements: ["ARC-TRANSPORT-server-validate"],
    title: "A server answers a faulty message itself, and it reaches nobody",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const faulty: readonly (readonly [string, string])[] = [
        ["bad_json", "{"],
        ["bad_json", '{"type":"STREAM_STOP","type":"STREAM_STOP"}'],
        ["bad_message", "[]"],
        ["bad_message", JSON.stringify({ ...streamStop(world.caller, 1), reason: "bored" })],
        ["bad_message", JSON.stringify({ ...streamStop(world.caller, 1), session_id: NIL_UUID })],
        ["bad_message", JSON.stringify({ ...streamStop(world.caller, 1), timestamp: 1.5 })],
        ["bad_message", JSON.stringify(streamStart(world.caller, 1, { codec: {} }))],
        ["unknown_type", JSON.stringify({ ...streamStop(world.caller, 1), type: "STREAM_HALT" })],
        ["unsupported_version", JSON.stringify(connect(world.caller, 1, { version: "2.0" }))],
      ];
      for (const [code, text] of faulty) {
        await caller.send(new TextEncoder().encode(text));
        await caller.nextMessage("ERROR", { code });
      }
      await caller.say(streamStop(world.caller, 99));
      await callee.nextMessage("STREAM_STOP", { timestamp: 99 });
    },
  },
  {
    id: "transport/server-validate-relay-messages",
    requirements: ["ARC-TRANSPORT-server-validate"],
    title: "A relay's messages and secrets are not forwarded",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      const { full } = EXAMPLES.RELAY_KEYS;
      await caller.say({ ...full, session_id: world.sessionId });
      await caller.nextMessage("ERROR");
      await caller.say(streamStop(world.caller, 99));
      await callee.nextMessage("STREAM_STOP", { timestamp: 99 });
    },
  },
  {
    id: "transport/server-nil-heartbeat",
    requirements: ["ARC-TRANSPORT-server-nil-heartbeat"],
    title: "A HEARTBEAT with the nil session is answered by the server: before a join, alone, and beside another peer",
    needs: "server",
    run: async (world) => {
      for (const way of world.plainWays()) {
        await world.nilHeartbeat(await world.connect("stranger", way), 1);
        const { caller, callee } = await world.pair(way);
        await world.nilHeartbeat(caller, 2);
        await world.nilHeartbeat(callee, 3);
        caller.close();
        callee.close();
      }
    },
  },
  {
    id: "transport/server-udp-heartbeat",
    requirements: ["ARC-TRANSPORT-server-udp-heartbeat"],
    title: "A plain UDP port answers nil HEARTBEATs, with no more bytes than it got",
    needs: "server",
    run: async (world) => {
      const line = await world.udp("stranger");
      await world.nilHeartbeat(line, 1);
      const short = { type: "HEARTBEAT", session_id: NIL_UUID, sequence: 2, timestamp: world.timestamp };
      await line.say(short);
      const limit = JSON.stringify(short).length;
      // An answer may stay out: it needs more bytes than this request has.
      await line.say({ ...short, sequence: 3, pad: "0".repeat(300) });
      await line.eventually("HEARTBEAT_ACK 3, and none longer than its request", (unit) => {
        const text = new TextDecoder().decode(unit);
        world.require(
          !text.includes('"sequence":2,') || unit.length <= limit,
          `at most ${limit} bytes`,
          `${unit.length}`,
        );
        return text.includes('"sequence":3');
      });
    },
  },
  {
    id: "transport/server-lone-heartbeat",
    requirements: ["ARC-TRANSPORT-server-lone-heartbeat"],
    title: "A session's HEARTBEAT is answered by the server while its sender is alone, and forwarded otherwise",
    needs: "server",
    run: async (world) => {
      const { caller, callee } = await world.pair();
      await caller.say(world.heartbeat(world.callerId, 5));
      await callee.nextMessage("HEARTBEAT", { sequence: 5, peer_id: world.callerId });
      callee.close();
      await world.untilAlone(caller, world.caller);
      const again = await world.connect("callee again");
      await again.say(world.heartbeat(world.calleeId, 6));
      await caller.eventualMessage("HEARTBEAT", { sequence: 6, peer_id: world.calleeId });
      await caller.say(world.heartbeat(world.callerId, 7));
      await again.nextMessage("HEARTBEAT", { sequence: 7 });
    },
  },
  {
    id: "transport/server-hold-connect",
    requirements: ["ARC-TRANSPORT-server-hold-connect"],
    title: "A callee that comes late gets the last CONNECT that found nobody, once",
    needs: "server",
    run: async (world) => {
      for (const way of world.plainWays()) {
        const caller = await world.connect("caller", way);
        await caller.say(connect(world.caller, 1, world.credentials(world.caller)));
        await caller.say(connect(world.caller, 2));
        await caller.say(world.heartbeat(world.callerId, 3));
        await caller.nextMessage("HEARTBEAT_ACK", { sequence: 3 });
        const callee = await world.connect("callee", way);
        await callee.say(world.heartbeat(world.calleeId, 1));
        await callee.nextMessage("CONNECT", { timestamp: 2, peer_id: world.callerId });
        await caller.say(streamStop(world.caller, 4));
        await callee.nextMessage("STREAM_STOP", { timestamp: 4 });
        caller.close();
        callee.close();
      }
    },
  },
  {
    id: "transport/server-hold-connect-only",
    requirements: ["ARC-TRANSPORT-server-hold-connect"],
    title: "Nothing else is held, and no CONNECT goes back to the peer that sent it",
    needs: "ops",
    checks: () => [
      script(
        "a stop, a CONNECT, and the same peer again",
        {
          role: "server",
          inputs: [
            at(0, connect(ANNA, T), "a"),
            at(10, streamStop(ANNA, T), "a"),
            at(20, said("HEARTBEAT", ANNA, T, { sequence: 1 }), "a2"),
            at(30, said("HEARTBEAT", BEN, T, { sequence: 1 }), "b"),
          ],
        },
        silent({ to: "a2" }, "CONNECT", "STREAM_STOP"),
        sent("CONNECT", { peer_id: ANNA.peerId }, { to: "b" }),
        silent({ to: "b" }, "STREAM_STOP"),
      ),
    ],
  },
];

/** What a server may put into the message, taken out of it. */
function withoutRelays(message: Json): Json {
  const { network_info } = message;
  if (!isJson(network_info)) return message;
  const { relay_servers: _put, ...rest } = network_info;
  return { ...message, network_info: rest };
}

/** None of the sender's; and where the secret is known each token is the recipient's. */
export function judgeRelays(world: ServerWorld, message: Json, { sessionId, peerId }: Voice): void {
  const { relaySecret } = world.target;
  for (const relay of relaysOf(message)) {
    world.require(relay.id !== FOREIGN_RELAY.id, "relays of the server alone", brief(relay));
    if (relaySecret === undefined || relay.token === undefined) continue;
    const due = issueRelayToken(relaySecret, { sessionId, peerId, expiresS: Number(relay.expires) });
    world.require(relay.token === due, `the token ${due}`, String(relay.token));
  }
}
