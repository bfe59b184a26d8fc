/** SPEC clause 1.4 for a relay: what strangers and bound peers may send it, while a pair's units go on byte for byte. */
import { equalBytes, utf8 } from "../../../lib/base/bytes.ts";
import type { Case } from "../../case.ts";
import { framed } from "../../drive/socket_channel.ts";
import { describeUnit, type Line } from "../../drive/line.ts";
import { RELAY_WAYS, type RelayWay, type RelayWorld } from "../../drive/relay_world.ts";
import { fullUnit, plainUnit } from "../opaque_units.ts";
import { delivers } from "../relay/binding.ts";
import { heavyTexts, Malformed } from "./malformed.ts";

const NOISE = 48;
/** Each is paced, and a HEARTBEAT or two behind it: below what an address may say at once. */
const MESSAGES = 16;
const FLOOD = 1000;
/** As many as a socket holds, surely: a pair's packets behind them must not be lost for want of room. */
const FLOOD_AT_ONCE = 40;
const CONNECTIONS = 4;
const LAST = fullUnit(4711);

export const CASES: readonly Case[] = [
  {
    id: "robustness/relay-noise",
    requirements: ["ARC-ROBUST-amplification", "ARC-ROBUST-connection"],
    title: "Noise of a stranger is not answered, and a pair's units go on",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair("udp");
      const stranger = await world.stranger("stranger", "udp");
      const malformed = new Malformed(world.rng);
      for (let i = 0; i < NOISE; i++) {
        await stranger.send(malformed.packet());
        if (i % 12 === 0) await passBothWays(caller, callee, i);
      }
      await world.fence(stranger);
      await passBothWays(caller, callee, NOISE);
    },
  },
  {
    id: "robustness/relay-messages",
    requirements: ["ARC-ROBUST-amplification", "ARC-ROBUST-connection"],
    title: "Malformed messages of a stranger are answered with one datagram each at most, none of them larger",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair("udp");
      const malformed = new Malformed(world.rng);
      // Each from a port of its own: whatever comes there is for it, however late.
      const strangers: { readonly line: Line; readonly unit: Uint8Array }[] = [];
      for (let i = 0; i < MESSAGES; i++) {
        strangers.push({ line: await world.stranger(`stranger ${i}`, "udp"), unit: relayMessage(world, malformed) });
      }
      const early: (readonly Uint8Array[])[] = [];
      for (const { line, unit } of strangers) early.push(await world.answersTo(line, unit));
      for (const [i, { line, unit }] of strangers.entries()) {
        const answers = [...early[i], ...await world.beforeFence(line)];
        const bytes = answers.reduce((sum, { length }) => sum + length, 0);
        world.require(
          answers.length <= 1 && bytes <= unit.length,
          `at most one answer of at most ${unit.length} bytes to ${describeUnit(unit)}`,
          answers.map(describeUnit).join(" and "),
        );
      }
      await passBothWays(caller, callee, 1);
    },
  },
  ...RELAY_WAYS.map((way): Case => ({
    id: `robustness/relay-bound-${way}`,
    requirements: ["ARC-ROBUST-connection", "ARC-RELAY-forward"],
    title:
      `What a peer that is bound over ${way.toUpperCase()} sends malformed is dropped or goes on, and ends no binding`,
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair(way);
      const malformed = new Malformed(world.rng);
      const noise = Array.from({ length: NOISE }, () => malformed.packet()).map((unit) => {
        // Of a class of media: the relay's own business begins with other bytes.
        unit[0] |= 0x80;
        return unit;
      });
      for (const unit of noise) await caller.send(unit);
      await arrives(world, caller, callee, noise);
      const proven = JSON.stringify(await world.provenRequest(caller, world.callerId));
      // What is no message of the relay's any more may go on too.
      const binds = Array.from({ length: MESSAGES }, () => malformed.mutatedJson(proven)).filter((one) =>
        one.length > 0
      );
      for (const unit of binds) await caller.send(unit);
      await callee.send(LAST);
      await caller.eventually("the other peer's packet, as it was", (unit) => equalBytes(unit, LAST));
      await arrives(world, caller, callee, binds);
    },
  })),
  {
    id: "robustness/relay-binds",
    requirements: ["ARC-ROBUST-connection"],
    title: "A thousand malformed RELAY_BINDs, for a session that is bound, leave its pair alone",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair("udp");
      const flooder = await world.stranger("flooder", "udp", { flood: true });
      const malformed = new Malformed(world.rng);
      for (let i = 0; i < FLOOD; i++) {
        await flooder.send(malformed.mutatedJson(JSON.stringify(forgedBind(world, malformed))));
        if (i % FLOOD_AT_ONCE === 0) await passBothWays(caller, callee, i);
      }
      await passBothWays(caller, callee, FLOOD);
    },
  },
  ...(["tcp", "tls"] as const).map((way): Case => ({
    id: `robustness/relay-connections-${way}`,
    requirements: ["ARC-ROBUST-connection", "ARC-ROBUST-held"],
    title: `Noise and half frames on connections over ${way.toUpperCase()} cost those connections and nobody else's`,
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair(way);
      const malformed = new Malformed(world.rng);
      const bind = framed(plainUnit(world.bindRequest(world.otherId)));
      for (const half of [false, true]) {
        const lines: Line[] = [];
        for (let i = 0; i < CONNECTIONS; i++) {
          const line = await world.stranger(`${half ? "half" : "noise"} ${i}`, way, { raw: true, flood: true });
          const cut = bind.slice(0, malformed.random.below(bind.length));
          await line.send(half ? cut : malformed.random.bool() ? malformed.noise(300) : malformed.mutated(bind));
          lines.push(line);
        }
        await passBothWays(caller, callee, half ? 1 : 2);
        await bindsElsewhere(world, way);
        for (const line of lines) line.close();
      }
      await passBothWays(caller, callee, 3);
    },
  })),
  {
    id: "robustness/relay-handshakes",
    requirements: ["ARC-ROBUST-connection", "ARC-ROBUST-held"],
    title: "Handshakes of TLS that are none, or half done, cost their connections and nobody else's",
    needs: "relay",
    run: async (world) => {
      const malformed = new Malformed(world.rng);
      const first = await world.belowTls("half done");
      await first.send(malformed.handshake());
      const { caller, callee } = await world.pair("tls");
      for (let i = 0; i < 3 * CONNECTIONS; i++) {
        const line = await world.belowTls(`handshake ${i}`);
        await line.send(malformed.handshake());
        if (malformed.random.bool()) line.close();
      }
      await passBothWays(caller, callee, 1);
      await bindsElsewhere(world, "tls");
    },
  },
  {
    id: "robustness/relay-heavy",
    requirements: ["ARC-ROBUST-time"],
    title: "Heavy messages over TCP do not hold up a pair",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair("udp");
      const texts = Object.values(heavyTexts());
      for (const [i, text] of texts.entries()) {
        const line = await world.stranger(`heavy ${i}`, "tcp");
        await line.send(utf8(text.replace('"HEARTBEAT"', '"RELAY_BIND"')));
        await passBothWays(caller, callee, i);
        line.close();
      }
    },
  },
];

/** A packet each way, which comes as the very next thing. */
async function passBothWays(caller: Line, callee: Line, sequence: number): Promise<void> {
  await delivers(caller, callee, fullUnit(sequence));
  await delivers(callee, caller, fullUnit(sequence, { ssrc: 2 }));
}

/** Of what was sent before some may be dropped, nothing may be changed; what is right comes. */
async function arrives(world: RelayWorld, from: Line, to: Line, sent: readonly Uint8Array[]): Promise<void> {
  await from.send(LAST);
  const came = await to.before(describeUnit(LAST), (unit) => equalBytes(unit, LAST));
  const other = came.find((unit) => !sent.some((one) => equalBytes(one, unit)));
  world.require(
    other === undefined,
    "units as they were sent, or none",
    other === undefined ? "" : describeUnit(other),
  );
}

/** Somebody else may bind over the same transport. */
async function bindsElsewhere(world: RelayWorld, way: RelayWay): Promise<void> {
  const line = await world.bound("newcomer", world.otherId, way, { sessionId: world.otherId });
  await world.fence(line);
  line.close();
}

/** For the pair's session, with a proof of nobody's. */
function forgedBind(world: RelayWorld, { random }: Malformed) {
  const peerId = random.pick([world.callerId, world.calleeId, world.otherId]);
  const type = random.pick(["RELAY_BIND", "RELAY_UNBIND"] as const);
  return { ...world.bindRequest(peerId, { type }), nonce: "A".repeat(22), proof: "A".repeat(22) };
}

/** Any message, or a forged bind that is malformed besides. */
function relayMessage(world: RelayWorld, malformed: Malformed): Uint8Array {
  return malformed.random.bool()
    ? malformed.message({ ...world.caller, unixMs: world.timestamp })
    : malformed.mutatedJson(JSON.stringify(forgedBind(world, malformed)));
}
