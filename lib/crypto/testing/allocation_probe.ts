/**
 * Counts what the hot paths allocate: `deno run --v8-flags=<see lib/allocation_test.ts> allocation_probe.ts` prints one
 * JSON object, path -> bytes per packet. The young generation is made so large that nothing is collected meanwhile, so
 * the growth of the heap is what was allocated.
 */
import { ArcRtpView, writeArcRtpHeader } from "../../packet/arcrtp.ts";
import { REDUCED_SAVED_BYTES } from "../../packet/reduced.ts";
import { ReducedReceiver } from "../../packet/reduced_receiver.ts";
import { ReducedSender } from "../../packet/reduced_sender.ts";
import { setSequenceNumber } from "../../packet/rtp_header.ts";
import { estimateIndex } from "../packet_index.ts";
import { ReplayWindow } from "../replay_window.ts";

const PACKETS = 300_000;
const ROUNDS = 3;
const SSRC = 77;
const LENGTH = 176;
const FIELDS = {
  payloadType: 111,
  sequenceNumber: 0,
  timestamp: 0,
  ssrc: SSRC,
  quality: 0,
  priority: 0,
  keyPhase: 0,
};

function measure(packet: (i: number) => void): number {
  // Compiled before it is counted: the compiler's own memory is none of the packets'.
  for (let i = 0; i < 30_000; i++) packet(i);
  // On a busy machine the compiler may come later. What a packet allocates it allocates in every round.
  return Math.min(...Array.from({ length: ROUNDS }, () => {
    const before = Deno.memoryUsage().heapUsed;
    for (let i = 0; i < PACKETS; i++) packet(i);
    return (Deno.memoryUsage().heapUsed - before) / PACKETS;
  }));
}

function check(good: boolean): void {
  if (!good) throw new Error("the probe's packet was refused");
}

const bytes = new Uint8Array(64 + LENGTH);
const view = new ArcRtpView();
let sink = 0;

const results: Record<string, number> = {};

writeArcRtpHeader(FIELDS, bytes, 64);
results.parse = measure((i) => {
  setSequenceNumber(bytes, 64, i);
  check(view.parse(bytes, 64, 64 + LENGTH));
  sink = (sink + view.sequenceNumber + view.quality + view.payloadStart) | 0;
});

const fields = { ...FIELDS };
results.write = measure((i) => {
  fields.sequenceNumber = i & 0xffff;
  sink = (sink + writeArcRtpHeader(fields, bytes, 64)) | 0;
});

const context = { contextId: 1, ssrc: SSRC, payloadType: 111, quality: 0 };
const sender = new ReducedSender();
const receiver = new ReducedReceiver();
sender.define(context);
receiver.define(context);
let sequence = 0;
let reduced = 0;
results.reduce_and_expand = measure(() => {
  fields.sequenceNumber = sequence & 0xffff;
  fields.timestamp = (sequence * 960) | 0;
  writeArcRtpHeader(fields, bytes, 64);
  // 20 virtual ms a packet, as small integers: a fraction would be a heap number of the probe's own.
  const start = sender.reduce(bytes, 64, 64 + LENGTH, (sequence * 20) & 0x3fffffff);
  const isReduced = start !== 64;
  if (isReduced) {
    reduced++;
    check(receiver.expand(bytes, start, 64 + LENGTH));
  }
  check(view.parse(bytes, isReduced ? start - REDUCED_SAVED_BYTES : start, 64 + LENGTH));
  receiver.authenticated(view, sequence, isReduced);
  sequence++;
});
check(reduced > PACKETS / 2);

const window = new ReplayWindow(64);
let highest = 0;
results.replay_check = measure(() => {
  const index = estimateIndex((highest + 1) & 0xffff, highest);
  check(window.check(index));
  window.commit(index);
  highest = index;
});

console.log(JSON.stringify({ ...results, sink: sink === 0 ? 1 : 0 }));
