/**
 * `jitter.run`: packets by arrival through the jitter buffer, which is asked whenever it has something due.
 * `jitter.interarrival`: what their arrivals say of the jitter of the network.
 */
import { EMPTY_BYTES } from "../../../lib/base/bytes.ts";
import { estimateIndex, packetIndex, seq16Of } from "../../../lib/crypto/packet_index.ts";
import { JitterBuffer, type JitterBufferOptions } from "../../../lib/jitter/buffer.ts";
import { InterarrivalJitter } from "../../../lib/jitter/interarrival.ts";
import { Fields, RequestError } from "../request.ts";
import { opOk, type OpResult, type Ops } from "../testee.ts";

export const jitterOps: Ops = {
  "jitter.run": run,
  "jitter.interarrival": measure,
};

/** A ROC that leaves room for packets from before the first one. */
const FIRST_ROC = 1;
const MAX_DELAY_MS = 10_000;

/** `target_ms` has an entry for each packet: the target after it came. Packets that never came are in no list. */
function run(request: Fields): OpResult {
  const buffer = new JitterBuffer(readConfig(request.has("config") ? request.object("config") : new Fields({})));
  const playout: object[] = [];
  const dropped: object[] = [];
  const targets: number[] = [];
  const drain = (untilMs: number) => {
    for (let dueMs = buffer.nextTimeoutMs(); dueMs !== undefined && dueMs <= untilMs; dueMs = buffer.nextTimeoutMs()) {
      for (let out = buffer.poll(dueMs); out !== undefined; out = buffer.poll(dueMs)) {
        if (out.kind === "packet") playout.push({ at_ms: dueMs, sequence_number: seq16Of(out.index) });
      }
    }
  };
  let nowMs = -Infinity;
  let highest: number | undefined;
  for (const packet of request.objects("packets")) {
    const atMs = packet.number("arrival_ms");
    if (atMs < nowMs) throw new RequestError(`${packet.pathOf("arrival_ms")} must not go back`);
    nowMs = atMs;
    drain(nowMs);
    const sequenceNumber = packet.integer("sequence_number", 0, 0xffff);
    const index = highest === undefined
      ? packetIndex(FIRST_ROC, sequenceNumber)
      : estimateIndex(sequenceNumber, highest);
    highest = Math.max(highest ?? index, index);
    const verdict = buffer.handle({
      index,
      timestampTicks: packet.u32("timestamp"),
      clockRateHz: packet.integer("clock_rate", 1, 0xffff_ffff),
      bytes: EMPTY_BYTES,
      start: 0,
      end: 0,
    }, nowMs);
    if (verdict !== "held") dropped.push({ sequence_number: sequenceNumber, reason: verdict });
    targets.push(buffer.targetMs);
  }
  drain(Infinity);
  return opOk({ playout, dropped, target_ms: targets });
}

/** Packets of one SSRC in the order of their arrival: the jitter after each, in whole ticks as reports have it, and in ms. */
function measure(request: Fields): OpResult {
  const jitter = new InterarrivalJitter(request.integer("clock_rate", 1, 0xffff_ffff));
  const ticks: number[] = [];
  const ms: number[] = [];
  for (const packet of request.objects("packets")) {
    jitter.handle(packet.u32("timestamp"), packet.number("arrival_ms"));
    ticks.push(jitter.jitterTicks);
    ms.push(jitter.jitterMs);
  }
  return opOk({ jitter_ticks: ticks, jitter_ms: ms });
}

/** What is left out has the protocol's value. */
function readConfig(config: Fields): JitterBufferOptions {
  const ms = (name: string) => config.integerOrNone(name, 0, MAX_DELAY_MS);
  return {
    capacity: config.integerOrNone("capacity", 1, 0x1_0000),
    slotBytes: 1,
    initialMs: ms("initial_ms"),
    minMs: ms("min_ms"),
    maxMs: ms("max_ms"),
    hardMaxMs: ms("hard_max_ms"),
  };
}
