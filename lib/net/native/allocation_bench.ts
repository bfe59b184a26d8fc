/**
 * Bytes that V8's heap grows by in steady state: for forwarding, in a worker's loop between native sockets, and for
 * ArcSRTP on libcrypto both ways. Batches of two sizes tell what a packet costs from what a turn of the loop does (clock
 * readings, which are numbers on the heap). Exits with 1 when a packet costs half a byte or more.
 *
 * `deno run -A --v8-flags=--expose-gc,--min-semi-space-size=128,--max-semi-space-size=128 \
 *    lib/net/native/allocation_bench.ts [packets]`
 *
 * The young generation is so large that no collection hides anything while it is measured.
 */
import { PacketBatch } from "../../base/batch.ts";
import { createNativeBackend } from "../../crypto/backend_native.ts";
import { SrtpSender } from "../../crypto/srtp_protect.ts";
import { SrtpReceiver } from "../../crypto/srtp_unprotect.ts";
import { makeKeys, plainPacket, SSRC } from "../../crypto/testing/packets.ts";
import { ArcRtpView } from "../../packet/arcrtp.ts";
import { setSequenceNumber } from "../../packet/rtp_header.ts";
import { DEFAULT_RELAY_LIMITS } from "../../relay/limits.ts";
import { CALLEE, CALLER, media, SECRET } from "../../relay/testing/relay_world.ts";
import { SharedRing } from "../relay_workers/shared_ring.ts";
import { WorkerFigures } from "../relay_workers/worker_figures.ts";
import { WorkerLoop } from "../relay_workers/worker_loop.ts";
import { FLAG_BYTES } from "../relay_workers/worker_messages.ts";
import { BenchPeer } from "../testing/bench_peer.ts";
import { EFD_CLOEXEC, EFD_NONBLOCK, libc } from "./libc.ts";
import { openLibCrypto } from "./libcrypto.ts";
import { bindUdp } from "./udp_socket.ts";

const BATCHES = [16, 64] as const;
const PAYLOAD_BYTES = 1000;
const MAX_BYTES_PER_PACKET = 0.5;

const collect = (globalThis as { gc?: () => void }).gc;

/** Bytes per round over so many, after as many to warm up. */
function growth(rounds: number, round: () => void): number {
  for (let i = 0; i < rounds; i++) round();
  collect?.();
  const before = Deno.memoryUsage().heapUsed;
  for (let i = 0; i < rounds; i++) round();
  return (Deno.memoryUsage().heapUsed - before) / rounds;
}

function forwarding(size: number): () => void {
  const threads = [0, 1];
  const bound = bindUdp({ host: "127.0.0.1", port: 0 });
  const loop = new WorkerLoop({
    index: 0,
    workers: 1,
    relayId: "bench",
    secret: SECRET,
    crypto: "native",
    limits: { ...DEFAULT_RELAY_LIMITS, sessionBps: Infinity, sessionPps: Infinity },
    maxConnections: 1,
    impairment: undefined,
    sockets: [bound],
    addressCapacity: 4096,
    figures: threads.map(() => WorkerFigures.create()),
    doorbells: [libc().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)],
    flags: threads.map(() => new SharedArrayBuffer(FLAG_BYTES)),
    streamUse: new SharedArrayBuffer(1),
    rings: threads.map(() => threads.map(() => SharedRing.create())),
  }, () => {});
  const turn = () => void loop.turn();
  const [caller, callee] = [new BenchPeer(bound.local.port, turn), new BenchPeer(bound.local.port, turn)];
  caller.bind(CALLER);
  callee.bind(CALLEE);
  const unit = media(0, 1, PAYLOAD_BYTES);
  const [there, back] = [caller.batchOf(unit, size), callee.batchOf(unit, size)];
  let isThere = false;
  return () => {
    // Both speak, or the relay would take the silent one for gone.
    isThere = !isThere;
    (isThere ? caller : callee).socket.send(isThere ? there : back);
    const to = isThere ? callee : caller;
    let turns = 0;
    for (let read = 0; read < size; read += to.read()) {
      loop.turn();
      if (turns++ > 1000) throw new Error("packets were lost");
    }
  };
}

/** Protects a batch in place, and takes the protection off again. */
function protecting(size: number): () => void {
  const keys = makeKeys({
    backend: createNativeBackend(openLibCrypto()),
    suite: "aes-128-gcm",
    authentication: "hmac-sha256-80",
  });
  const [sender, receiver] = [new SrtpSender(SSRC), new SrtpReceiver(SSRC, 0)];
  const packet = plainPacket({ sequenceNumber: 0, payload: new Uint8Array(PAYLOAD_BYTES) });
  const batch = new PacketBatch(size);
  for (let i = 0; i < size; i++) batch.push(packet, 0);
  const view = new ArcRtpView();
  let sequenceNumber = 0;
  return () => {
    for (let i = 0; i < size; i++) {
      const at = batch.offset(i);
      setSequenceNumber(batch.bytes, at, sequenceNumber);
      sequenceNumber = (sequenceNumber + 1) & 0xffff;
      if (!view.parse(batch.bytes, at, at + packet.length)) throw new Error("malformed");
      if (sender.protect(keys, view) !== "ok") throw new Error("not protected");
      if (!view.parse(batch.bytes, at, at + packet.length + keys.overheadBytes)) throw new Error("malformed");
      if (receiver.unprotect(keys, view, 0) !== "ok") throw new Error("not unprotected");
    }
  };
}

if (import.meta.main) {
  if (collect === undefined) throw new Error("run it with the flags in this file's first comment");
  const packets = Number(Deno.args[0] ?? 1_000_000);
  for (const [name, made] of Object.entries({ "relay forwarding": forwarding, "protect and unprotect": protecting })) {
    const [few, many] = BATCHES;
    const rounds = Math.ceil(packets / many);
    const [perFew, perMany] = [growth(rounds, made(few)), growth(rounds, made(many))];
    const perPacket = (perMany - perFew) / (many - few);
    const isGood = perPacket < MAX_BYTES_PER_PACKET;
    const perRound = Math.max(0, perFew - few * perPacket);
    console.log(
      `${name.padEnd(22)} ${perPacket.toFixed(2).padStart(6)} bytes per packet, ${perRound.toFixed(0)} per batch, ` +
        `over ${rounds * many} packets${isGood ? "" : "   TOO MUCH"}`,
    );
    if (!isGood) Deno.exitCode = 1;
  }
}
