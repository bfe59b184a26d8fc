/** SPEC clause 7.2: keeping and changing a path. */
import type { Case } from "../../case.ts";
import type { FarPath } from "../../drive/far/far_path.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import type { HeardPacket } from "../../drive/far/heard_log.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import { isMediaOn, isProbe, mediaOn, SETTLED_MS } from "./watching.ts";

/** SPEC ARC-PATH-retry-better, and a little. */
const RETRY_MS = 11_000;

export const CASES: readonly Case[] = [
  {
    id: "path/keepalive",
    requirements: ["ARC-PATH-keepalive"],
    title: "A sealed HEARTBEAT goes over the path in use each second while media flows",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const stream = await far.startAudio();
      const { mark } = far.log;
      for (let i = 0; i < 26; i++) {
        await far.path.send(stream.packet());
        await world.pass(100);
      }
      const count = far.log.all(mark, (heard) => isProbe(heard, far.path) || undefined).length;
      // As often as each 100 ms is for silence alone.
      world.require(count >= 2 && count <= 9, "2 or 3 HEARTBEATs in 2.6 s", `${count}`);
    },
  },
  {
    id: "path/keepalive-fast",
    requirements: ["ARC-PATH-keepalive-fast"],
    title: "After 500 ms in which nothing came, HEARTBEATs go over the path in use every 100 ms",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      far.path.isAnswering = false;
      const { mark } = far.log;
      await world.pass(950);
      const count = far.log.all(mark, (heard) => isProbe(heard, far.path) || undefined).length;
      world.require(count >= 3, "3 HEARTBEATs or more in the first 950 ms of silence", `${count}`);
    },
  },
  {
    id: "path/heartbeat-answered-on-its-path",
    requirements: ["ARC-PATH-own-direction", "ARC-SIG-heartbeat-answer"],
    title: "A HEARTBEAT is answered on the path that it came by, be it not the one in use",
    needs: "peer",
    run: async (world) => {
      const { far, used, other } = await twoPaths(world);
      for (const path of [other, used, other]) {
        const { mark } = far.log;
        const { challenge } = await far.fence(path);
        const at = await far.log.find(
          "the answer",
          mark,
          (heard) =>
            heard.kind === "sealed" && heard.message.challenge === challenge && heard.message.type === "HEARTBEAT_ACK"
              ? heard.path
              : undefined,
        );
        world.require(at === path, `an answer on ${path.line.name}`, `${at?.line.name}`);
      }
    },
  },
  {
    id: "path/failover",
    requirements: ["ARC-PATH-failover", "ARC-PATH-down"],
    title: "When HEARTBEATs stay unanswered, media moves to the other valid path",
    needs: "peer",
    run: async (world) => {
      const { far, used, other } = await twoPaths(world);
      used.isAnswering = false;
      await mediaOn(far, other);
      await world.pass(SETTLED_MS);
      const { mark } = far.log;
      await mediaOn(far, other, mark);
      const strayed = far.log.all(mark, (heard) => isMediaOn(heard, used)).length;
      world.require(strayed === 0, "no more media on the dead path", `${strayed} packets`);
    },
  },
  {
    id: "path/failover-continues",
    requirements: ["ARC-PATH-failover", "ARC-KEY-index-continues"],
    title: "Across a failover keys, SSRCs and sequence numbers go on: no number is used again",
    needs: "peer",
    run: async (world) => {
      const { far, used, other } = await twoPaths(world);
      used.isAnswering = false;
      await mediaOn(far, other);
      await world.pass(100);
      const packets = far.log.all(0, (heard) => heard.kind === "media" ? heard.packet : undefined);
      const ssrcs = new Set(packets.map(({ ssrc }) => ssrc));
      for (const ssrc of ssrcs) requireContinues(world, packets.filter((packet) => packet.ssrc === ssrc));
      world.require(packets.every(({ epoch }) => epoch === 0), "packets of epoch 0", "another epoch");
    },
  },
  {
    id: "path/down-after-three",
    requirements: ["ARC-PATH-down"],
    title: "One unanswered HEARTBEAT is no failure: media stays",
    needs: "peer",
    run: async (world) => {
      const { far, used, other } = await twoPaths(world);
      used.isAnswering = false;
      await far.probed(used);
      used.isAnswering = true;
      const { mark } = far.log;
      await world.pass(700);
      const moved = far.log.all(mark, (heard) => isMediaOn(heard, other)).length;
      world.require(moved === 0, "media on its path", `${moved} packets on the other`);
    },
  },
  {
    id: "path/retry-better",
    requirements: ["ARC-PATH-retry-better", "ARC-PATH-first-valid"],
    title: "A better path that went down is probed again within 10 s, and taken when it answers",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller", { relays: [10] });
      const [{ path: relay }] = far.relays;
      await far.validate(relay);
      await far.validate();
      await mediaOn(far, far.path);
      far.path.isAnswering = false;
      await mediaOn(far, relay);
      far.path.isAnswering = true;
      const { mark } = far.log;
      await far.log.find("media on the direct path again", mark, (heard) => isMediaOn(heard, far.path), RETRY_MS);
    },
  },
  {
    id: "path/no-media-without-path",
    requirements: ["ARC-PATH-no-media-without-path"],
    title: "When the only path is down no media is sent, and it goes on when the path is back",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      await mediaOn(far, far.path);
      far.path.isAnswering = false;
      // Down after three HEARTBEATs: until then it still sends.
      let mark = far.log.mark;
      for (let rounds = 0; rounds < 10; rounds++) {
        mark = far.log.mark;
        await world.pass(300);
        if (far.log.all(mark, (heard) => isMediaOn(heard, far.path)).length === 0) break;
      }
      const { mark: later } = far.log;
      await world.pass(200);
      const strayed = far.log.all(later, (heard) => isMediaOn(heard, far.path)).length;
      world.require(strayed === 0, "no media without a valid path", `${strayed} packets`);
      far.path.isAnswering = true;
      await mediaOn(far, far.path);
    },
  },
  {
    id: "path/own-direction",
    requirements: ["ARC-PATH-own-direction"],
    title: "Media from us is taken on every path, whichever the peer uses itself",
    needs: "peer",
    run: async (world) => {
      const { far, used, other } = await twoPaths(world);
      const stream = await far.startAudio();
      for (let i = 0; i < 10; i++) await [used, other][i % 2].send(stream.packet());
      await far.fence(used);
      const report = await far.report(stream, other);
      const due = stream.lastSequence;
      const got = report.extendedHighestSequence32;
      world.require(got === due, `a report up to ${due}`, `${got}`);
      world.require(report.cumulativeLost === 0, "nothing lost", `${report.cumulativeLost} lost`);
    },
  },
];

/** Two valid paths, of which the peer uses one. */
async function twoPaths(
  world: PeerWorld,
): Promise<{ readonly far: FarPeer; readonly used: FarPath; readonly other: FarPath }> {
  const far = await world.call("callee", { paths: 2 });
  for (const path of far.paths) await far.validate(path);
  // The better of the two may have become valid last.
  await far.hears("media", far.log.mark);
  await world.pass(50);
  const used = await far.log.find("media", far.log.mark, (heard) => heard.kind === "media" ? heard.path : undefined);
  const [first, second] = far.paths;
  return { far, used, other: used === first ? second : first };
}

/** Numbers that are lost on a busy host's way are so few. */
const MOST_LOST = 50;

/** No number is used twice, and the numbers of one SSRC go on from one to the next. */
export function requireContinues(world: PeerWorld, packets: readonly HeardPacket[]): void {
  const numbers = packets.map(({ roc, sequenceNumber }) => roc * 65536 + sequenceNumber).sort((a, b) => a - b);
  const isSo = numbers.every((number, i) =>
    i === 0 || (number > numbers[i - 1] && number - numbers[i - 1] < MOST_LOST)
  );
  world.require(isSo, "each number once, and none far from the next", numbers.join(" ").slice(0, 300));
}
