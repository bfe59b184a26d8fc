/** SPEC clause 1.2: units on a stream, each behind its length. */
import { below, type Rng } from "../../../lib/base/rng.ts";
import type { Case } from "../../case.ts";
import { framed } from "../../drive/socket_channel.ts";
import { answers, refuses } from "../../expect.ts";
import { vectorCase } from "../../vector_case.ts";

const UNITS = ["7b7d", "80600001000000010000000100000000", "00", `c0${"5a".repeat(400)}`];

export const CASES: readonly Case[] = [
  vectorCase(
    "unit/stream-framing",
    "ARC-UNIT-stream-framing",
    "frame.read",
    "Each unit is behind a u16 with its length",
  ),
  {
    id: "unit/stream-framing-served",
    requirements: ["ARC-UNIT-stream-framing", "ARC-TRANSPORT-tcp"],
    title: "A server takes framed messages on a stream, and frames its answers",
    needs: "server",
    run: async (world) => {
      const line = await world.stream("caller");
      await line.say(world.heartbeat(world.callerId, 7));
      await line.nextMessage("HEARTBEAT_ACK", { sequence: 7 });
    },
  },
  {
    id: "unit/stream-framing-caller",
    requirements: ["ARC-UNIT-stream-framing", "ARC-TRANSPORT-tcp", "ARC-TRANSPORT-plain-join"],
    title: "A caller frames its CONNECT on a stream, and joins with it",
    needs: "peer",
    run: async (world) => {
      const line = await world.start("caller", { over: "tcp" });
      await line.nextMessage("CONNECT", { session_id: world.sessionId, peer_id: world.callerId });
    },
  },
  {
    id: "unit/stream-framing-callee",
    requirements: ["ARC-UNIT-stream-framing", "ARC-TRANSPORT-tcp", "ARC-TRANSPORT-plain-join"],
    title: "A callee frames the HEARTBEAT by which it joins",
    needs: "peer",
    run: async (world) => {
      const line = await world.start("callee", { over: "tcp" });
      await line.nextMessage("HEARTBEAT", { session_id: world.sessionId, peer_id: world.calleeId });
    },
  },
  vectorCase(
    "unit/frame-zero-length",
    "ARC-UNIT-frame-zero-length",
    "frame.read",
    "A length of 0 is malformed",
    { reasons: true },
  ),
  {
    id: "unit/frame-zero-length-between",
    requirements: ["ARC-UNIT-frame-zero-length"],
    title: "A length of 0 is malformed behind good frames too, wherever the stream is cut",
    needs: "ops",
    checks: () => {
      const stream = streamOf(UNITS) + "0000" + streamOf(["7b7d"]);
      return [2, 4, 20, stream.length - 8].map((at) => ({
        name: `cut after ${at} digits`,
        request: { op: "frame.read", chunks: [stream.slice(0, at), stream.slice(at)] },
        ...refuses(),
      }));
    },
  },
  vectorCase(
    "unit/frame-split",
    "ARC-UNIT-frame-split",
    "frame.read",
    "The units are the same however the stream is cut into reads",
  ),
  {
    id: "unit/frame-split-anywhere",
    requirements: ["ARC-UNIT-frame-split"],
    title: "The units are the same for reads of one byte, and for 40 random ways to cut the stream",
    needs: "ops",
    checks: ({ rng }) => {
      const stream = streamOf(UNITS);
      const cuts = Array.from({ length: 40 }, () => cutRandomly(stream, rng));
      return [stream.match(/../g) ?? [], ...cuts].map((chunks, i) => ({
        name: i === 0 ? "byte by byte" : `random cut ${i}`,
        request: { op: "frame.read", chunks },
        ...answers({ units: UNITS, pending: 0 }),
      }));
    },
  },
  {
    id: "unit/frame-split-served",
    requirements: ["ARC-UNIT-frame-split"],
    title: "A server understands messages that come byte by byte, and several in one write",
    needs: "server",
    run: async (world) => {
      const line = await world.stream("caller", { raw: true });
      const message = (sequence: number) =>
        framed(new TextEncoder().encode(JSON.stringify(world.heartbeat(world.callerId, sequence))));
      for (const byte of message(1)) await line.send(Uint8Array.of(byte));
      await line.nextMessage("HEARTBEAT_ACK", { sequence: 1 });
      await line.send(Uint8Array.from([...message(2), ...message(3)]));
      await line.nextMessage("HEARTBEAT_ACK", { sequence: 2 });
      await line.nextMessage("HEARTBEAT_ACK", { sequence: 3 });
    },
  },
];

function streamOf(units: readonly string[]): string {
  return units.map((unit) => (unit.length / 2).toString(16).padStart(4, "0") + unit).join("");
}

function cutRandomly(stream: string, rng: Rng): readonly string[] {
  const chunks: string[] = [];
  for (let at = 0; at < stream.length;) {
    const bytes = 1 + below(rng, 60);
    chunks.push(stream.slice(at, at + 2 * bytes));
    at += 2 * bytes;
  }
  return chunks;
}
