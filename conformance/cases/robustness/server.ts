/** SPEC clause 1.4 for a signaling server: noise, malformed and heavy messages of peers, while an honest pair talks. */
import { utf8 } from "../../../lib/base/bytes.ts";
import { NIL_UUID } from "../../../lib/base/uuid.ts";
import type { Case } from "../../case.ts";
import { type Line, messageOf } from "../../drive/line.ts";
import { topicOf } from "../../drive/phoenix_frame.ts";
import { BARE_LISTENERS, PLAIN_WAYS, type ServerWorld } from "../../drive/server_world.ts";
import { framed } from "../../drive/socket_channel.ts";
import type { Voice } from "../../drive/world.ts";
import { Bystanders } from "./bystanders.ts";
import { throughConnections } from "./connections.ts";
import { heavyTexts, Malformed } from "./malformed.ts";

const CONNECTIONS = 32;
const MESSAGES = 30;

export const CASES: readonly Case[] = [
  ...BARE_LISTENERS.map((listener): Case => ({
    id: `robustness/server-noise-${listener}`,
    requirements: ["ARC-ROBUST-connection"],
    title: `Noise on connections to the ${listener} listener costs those connections and nobody else's`,
    needs: "server",
    run: async (world) => {
      const malformed = new Malformed(world.rng);
      const { random } = malformed;
      // First, so that a target without it skips.
      const first = await world.bytes("noise", listener);
      const honest = await Bystanders.join(world);
      await first.send(malformed.noise(2000));
      const hello = framed(utf8(JSON.stringify(world.heartbeat(world.otherId, 1, world.otherId))));
      const noise = Array.from({ length: CONNECTIONS }, () => [
        random.bool() ? malformed.noise(600) : malformed.mutated(hello),
        ...(random.bool() ? [malformed.noise(600)] : []),
      ]);
      await throughConnections(noise, (i) => world.bytes(`noise ${i}`, listener), () => honest.talk());
      await honest.areServed();
      first.close();
      await honest.areServed();
    },
  })),
  ...PLAIN_WAYS.map((way): Case => ({
    id: `robustness/server-messages-${way}`,
    requirements: ["ARC-ROBUST-connection"],
    title: `Malformed messages over ${way} of a peer that has joined cost at most its connection`,
    needs: "server",
    run: async (world) => {
      if (world.target[way] === undefined) world.skip(`needs a --target that is its ${way} listener`);
      const honest = await Bystanders.join(world);
      const malformed = new Malformed(world.rng);
      const voice = { sessionId: world.otherId, peerId: world.otherId };
      const line = await world.joined("hostile", voice, way);
      for (let i = 0; i < MESSAGES; i++) {
        await line.send(malformed.message({ ...voice, unixMs: world.timestamp }));
        if (i % 10 === 9) await honest.talk();
      }
      await answersOrIsOver(world, line, voice);
      await honest.areServed();
    },
  })),
  {
    id: "robustness/server-messages-phoenix",
    requirements: ["ARC-ROBUST-connection"],
    title: "Malformed Phoenix frames of a peer that has joined cost at most its connection",
    needs: "server",
    run: async (world) => {
      const voice = { sessionId: world.otherId, peerId: world.otherId };
      const peer = await world.phoenixPeer("hostile", voice);
      const honest = await Bystanders.join(world);
      const malformed = new Malformed(world.rng);
      const { line } = peer;
      for (const text of badPhoenix(topicOf(voice.sessionId))) await line.send(utf8(text));
      await honest.talk();
      for (let i = 0; i < MESSAGES; i++) {
        const message = new TextDecoder().decode(malformed.message({ ...voice, unixMs: world.timestamp }));
        await line.send(
          malformed.mutatedJson(`["1","${i}","${topicOf(voice.sessionId)}","HEARTBEAT",${message}]`),
        );
      }
      const isOver = await peer.ask("phoenix", "heartbeat", {}, null).then(() => false, () => true);
      if (isOver) await line.closedByTarget();
      await honest.areServed();
    },
  },
  ...PLAIN_WAYS.map((way): Case => ({
    id: `robustness/server-heavy-${way}`,
    requirements: ["ARC-ROBUST-time"],
    title: `Heavy messages over ${way} are answered in time, and others are served meanwhile`,
    needs: "server",
    run: async (world) => {
      if (world.target[way] === undefined) world.skip(`needs a --target that is its ${way} listener`);
      const honest = await Bystanders.join(world);
      const voice = { sessionId: world.otherId, peerId: world.otherId };
      const line = await world.joined("hostile", voice, way);
      for (const text of Object.values(heavyTexts())) {
        await line.send(utf8(text));
        await honest.talk();
      }
      await answersOrIsOver(world, line, voice);
    },
  })),
  {
    id: "robustness/server-udp-noise",
    requirements: ["ARC-ROBUST-amplification", "ARC-ROBUST-connection"],
    title: "Noise on the UDP port is not answered, and malformed messages with no more than they bring",
    needs: "server",
    run: async (world) => {
      const line = await world.udp("stranger");
      const malformed = new Malformed(world.rng);
      for (let i = 0; i < CONNECTIONS; i++) await line.send(malformed.packet());
      await world.nilHeartbeat(line, 1);
      for (let i = 0; i < 4; i++) {
        const unit = malformed.message({ ...world.caller, unixMs: world.timestamp });
        // From a port of its own: whatever comes there is for it.
        const stranger = await world.udp(`stranger ${i}`);
        await stranger.send(unit);
        await requireNoGain(world, stranger, unit, 2 + i);
      }
    },
  },
];

/** A HEARTBEAT is answered still, unless the connection is over: then the same peer may come again. */
async function answersOrIsOver(world: ServerWorld, line: Line, voice: Voice): Promise<void> {
  const beat = world.heartbeat(voice.peerId, 4711, voice.sessionId);
  await line.say(beat);
  const isOver = await line.eventually("an answer", (unit) => {
    const { type, code, sequence } = messageOf(unit);
    return (type === "HEARTBEAT_ACK" && sequence === 4711) || code === "rate_limited";
  }).then(() => false, () => true);
  if (isOver) await line.closedByTarget();
}

/** What came for the unit, by the time that a HEARTBEAT behind it is answered: one datagram, and no larger. */
async function requireNoGain(world: ServerWorld, line: Line, unit: Uint8Array, sequence: number): Promise<void> {
  const beat = { ...world.heartbeat(world.callerId, sequence, NIL_UUID), pad: "0".repeat(300) };
  await line.say(beat);
  const answers = await line.before("the HEARTBEAT_ACK", (one) => messageOf(one).sequence === sequence);
  const bytes = answers.reduce((sum, { length }) => sum + length, 0);
  world.require(
    answers.length <= 1 && bytes <= unit.length,
    `at most one answer of ${unit.length} bytes`,
    `${answers.length} of ${bytes}`,
  );
}

/** Texts that are no Phoenix frame, or frames of nothing that there is. */
function badPhoenix(topic: string): readonly string[] {
  return [
    "",
    "null",
    "{}",
    "[]",
    "[1,2,3,4,5]",
    `["1","1","${topic}","HEARTBEAT"]`,
    `["1","1","${topic}","HEARTBEAT",{},{}]`,
    `[{},[],"${topic}","HEARTBEAT",{}]`,
    `["1","1",null,"phx_join",{}]`,
    `["1","1","arcrtc:","phx_join",{}]`,
    `["1","1","arcrtc:not-an-id","phx_join",{"peer_id":"x"}]`,
    `["1","1","${topic}","phx_join",null]`,
    `["1","1","${topic}","phx_join",{"peer_id":7}]`,
    `["1","1","${topic}","phx_leave",[]]`.replace("phx_leave", "phx_close"),
    `["1","1","phoenix","no-such-event",{}]`,
    `["1","1","${topic}","phx_reply",{"status":"ok","response":{}}]`,
    `["1","1","${topic}","__proto__",{"__proto__":{}}]`,
    `["1","1","${topic}","HEARTBEAT",${"[".repeat(5000)}${"]".repeat(5000)}]`,
    `["1","1","${topic}","HEARTBEAT",{"type":"CONNECT"}]`,
    `["${"9".repeat(5000)}","${"9".repeat(5000)}","${topic}","HEARTBEAT",{}]`,
  ];
}
