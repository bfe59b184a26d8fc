/**
 * A worker that is both peers of a relay: it sends to itself through the relay, as much as passes or at a pace. In a
 * thread of its own, so that the relay has the other one.
 */
import { PacketBatch } from "../../lib/base/batch.ts";
import { uuidV4 } from "../../lib/base/uuid.ts";
import { systemClock } from "../../lib/net/clock.ts";
import { PreciseTimer } from "../../lib/net/precise_timer.ts";
import { RelayEnd } from "../../lib/net/relay_end.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { chooseIo } from "../../lib/net/udp_io.ts";
import { writeArcRtp } from "../../lib/packet/arcrtp.ts";

export interface GeneratorOrder {
  readonly io: "deno" | "native";
  readonly port: number;
  readonly secret: Uint8Array;
  readonly payloadBytes: number;
  readonly forMs: number;
  /** Infinity: as many as pass. */
  readonly packetsPerS: number;
}

export type GeneratorReport =
  | {
    readonly kind: "done";
    readonly sent: number;
    readonly received: number;
    /** Until the last one came; NaN where none did. */
    readonly elapsedMs: number;
    /** From sent to received; empty where as many as pass are sent, whose delay is that of full buffers. */
    readonly delaysMs: readonly number[];
  }
  | { readonly kind: "failed"; readonly why: string };

const BURST = 32;
/** Packets under way at a time: less than the smallest buffer of a system holds. */
const WINDOW = { deno: 64, native: 512 };
/** After so long without a packet what is under way is taken for lost. */
const PATIENCE_MS = 100;
const WARM_UP_MS = 300;
const BIND_TIMEOUT_MS = 3000;
/** How long packets may be under way after the last was sent. */
const SETTLE_MS = 200;

/** The part of a worker's global scope that is used. */
interface WorkerScope {
  onmessage: ((event: { readonly data: GeneratorOrder }) => void) | null;
  postMessage(report: GeneratorReport): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = ({ data }) => {
  generate(data).then(
    (report) => scope.postMessage(report),
    (error) => scope.postMessage({ kind: "failed", why: error instanceof Error ? error.message : String(error) }),
  );
};

const clock = systemClock();

async function generate(order: GeneratorOrder): Promise<GeneratorReport> {
  const state = { received: 0, heardMs: NaN, sentMs: NaN, delaysMs: [] as number[], arrived: () => {} };
  const sessionId = uuidV4(new SystemRng());
  const open = () =>
    new RelayEnd(
      {
        transport: chooseIo(order.io).openUdp({ host: "127.0.0.1", port: 0, addressCapacity: 8 }),
        ip: "127.0.0.1",
        port: order.port,
        secret: order.secret,
        sessionId,
        peerId: uuidV4(new SystemRng()),
        timeoutMs: BIND_TIMEOUT_MS,
        renews: true,
        receiveCapacity: BURST * 2,
      },
      clock,
      {
        unit(_bytes, _start, _end, receivedMs) {
          state.received++;
          state.heardMs = receivedMs;
          if (!Number.isNaN(state.sentMs)) state.delaysMs.push(receivedMs - state.sentMs);
          state.arrived();
        },
        over() {}, // what is lost is seen in the counts
      },
    );
  const [caller, callee] = [open(), open()];
  try {
    await caller.bind();
    await callee.bind();
    const send = order.packetsPerS === Infinity ? pour : pace;
    await send(caller, { ...order, forMs: WARM_UP_MS }, state);
    state.received = 0;
    state.delaysMs.length = 0;
    const startMs = clock.nowMs();
    const sent = await send(caller, order, state);
    const elapsedMs = state.heardMs - startMs;
    return { kind: "done", sent, received: state.received, elapsedMs, delaysMs: state.delaysMs };
  } finally {
    caller.close();
    callee.close();
  }
}

interface State {
  received: number;
  /** When the packet under way was sent. */
  sentMs: number;
  arrived: () => void;
}

function unitOf(payloadBytes: number): Uint8Array {
  const payload = new Uint8Array(payloadBytes).fill(7);
  const out = new Uint8Array(payloadBytes + 64);
  const fields = { payloadType: 111, sequenceNumber: 1, timestamp: 1, ssrc: 1, quality: 1, priority: 0 } as const;
  return out.slice(0, writeArcRtp({ ...fields, keyPhase: 0, payload }, out, 0));
}

/** Keeps a window of packets under way; answers how many were sent. */
async function pour(caller: RelayEnd, { io, payloadBytes, forMs }: GeneratorOrder, state: State): Promise<number> {
  const unit = unitOf(payloadBytes);
  const batch = new PacketBatch(BURST, unit.length);
  for (let i = 0; i < BURST; i++) batch.push(unit, caller.address);
  const room = WINDOW[io] - BURST;
  const before = state.received;
  let [sent, lost] = [0, 0];
  const underWay = () => sent - lost - (state.received - before);
  const endMs = clock.nowMs() + forMs;
  while (clock.nowMs() < endMs) {
    sent += batch.size;
    await caller.transport.send(batch);
    if (underWay() <= room) continue;
    let patience: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      state.arrived = () => underWay() <= room && resolve();
      patience = setTimeout(() => {
        lost += underWay();
        resolve();
      }, PATIENCE_MS);
    });
    clearTimeout(patience);
  }
  state.arrived = () => {};
  // What is under way still must not count into what is measured next, nor be taken for lost.
  for (const untilMs = clock.nowMs() + SETTLE_MS; underWay() > 0 && clock.nowMs() < untilMs;) await delay(1);
  return sent;
}

/** One packet at a time, so that each is known by when it was sent; answers how many were sent. */
async function pace(caller: RelayEnd, order: GeneratorOrder, state: State): Promise<number> {
  const unit = unitOf(order.payloadBytes);
  const timer = new PreciseTimer(() => clock.nowMs());
  const intervalMs = 1000 / order.packetsPerS;
  const startMs = clock.nowMs();
  const count = Math.ceil(order.forMs / intervalMs);
  for (let i = 0; i < count; i++) {
    await timer.until(startMs + i * intervalMs);
    const isThere = new Promise<void>((resolve) => state.arrived = resolve);
    state.sentMs = clock.nowMs();
    caller.send(unit);
    let patience: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([isThere, new Promise((resolve) => patience = setTimeout(resolve, PATIENCE_MS))]);
    clearTimeout(patience);
  }
  timer.close();
  state.sentMs = NaN;
  return count;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
