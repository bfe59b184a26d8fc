/**
 * What each technique of the hot paths brings: the same work with it and without it, in interleaved rounds.
 *
 * `deno task bench:techniques [milliseconds per round] [rounds]`; Linux with libcrypto. Sockets are on loopback and in one
 * thread: what is measured is the cost of a packet sent and received, not a rate between two machines.
 */
import { PacketBatch } from "../../base/batch.ts";
import { createNativeBackend } from "../../crypto/backend_native.ts";
import { SrtpSender } from "../../crypto/srtp_protect.ts";
import { makeKeys, plainPacket, SSRC } from "../../crypto/testing/packets.ts";
import { ArcRtpView } from "../../packet/arcrtp.ts";
import { setSequenceNumber } from "../../packet/rtp_header.ts";
import { SharedRing } from "../relay_workers/shared_ring.ts";
import { median } from "../testing/bench_figures.ts";
import type { TakeOver } from "../testing/bench_taker.ts";
import { openLibCrypto } from "./libcrypto.ts";
import { NativeUdpSocket } from "./udp_socket.ts";

const PAYLOAD_BYTES = 1200;
const BURST = 64;
const ROOM_BYTES = 64;
/** Turns off every extension of the processor that OpenSSL asks for, AES-NI, AVX and SHA among them. */
const WITHOUT_SIMD = { OPENSSL_ia32cap: "0x0:0x0" };

/** Nanoseconds per packet. */
type Measure = (forMs: number) => number | Promise<number>;

interface Technique {
  readonly name: string;
  readonly plain: readonly [name: string, measure: Measure];
  readonly better: readonly [name: string, measure: Measure];
}

function loop(forMs: number, packets: number, once: () => void): number {
  const startMs = performance.now();
  let count = 0;
  let elapsedMs = 0;
  do {
    for (let i = 0; i < 16; i++) once();
    count += 16 * packets;
    elapsedMs = performance.now() - startMs;
  } while (elapsedMs < forMs);
  return (elapsedMs * 1e6) / count;
}

/** Protects one packet after another; `place` says where each one lies. */
function protecting(place: (template: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>): Measure {
  const backend = createNativeBackend(openLibCrypto());
  const keys = makeKeys({ backend, suite: "aes-128-gcm", authentication: "hmac-sha256-80" });
  const sender = new SrtpSender(SSRC);
  const packet = plainPacket({ sequenceNumber: 0, payload: new Uint8Array(PAYLOAD_BYTES) });
  const template = new Uint8Array(packet.length + ROOM_BYTES);
  template.set(packet);
  const view = new ArcRtpView();
  let sequenceNumber = 0;
  return (forMs) =>
    loop(forMs, 1, () => {
      const bytes = place(template);
      setSequenceNumber(bytes, 0, sequenceNumber);
      sequenceNumber = (sequenceNumber + 1) & 0xffff;
      if (!view.parse(bytes, 0, packet.length) || sender.protect(keys, view) !== "ok") throw new Error("not protected");
    });
}

/** Sends a burst to a second socket and reads it there, `size` packets in a call at most. */
function sockets(size: number, groups: boolean): Measure {
  const open = () => NativeUdpSocket.open({ host: "127.0.0.1", port: 0, groups });
  const [from, to] = [open(), open()];
  const address = from.addresses.intern("127.0.0.1", to.local.port);
  const [out, read] = [new PacketBatch(size), new PacketBatch(size)];
  const packet = new Uint8Array(PAYLOAD_BYTES);
  for (let i = 0; i < size; i++) out.push(packet, address);
  return (forMs) =>
    loop(forMs, BURST, () => {
      for (let sent = 0; sent < BURST; sent += size) from.send(out);
      let received = 0;
      for (let turns = 0; received < BURST; turns++) {
        received += to.receive(read);
        if (turns > 10_000) throw new Error("packets were lost");
      }
    });
}

/** Packets into one batch that is kept, or into a new one each time. */
function filling(isKept: boolean): Measure {
  const kept = new PacketBatch(BURST);
  const packet = new Uint8Array(PAYLOAD_BYTES);
  return (forMs) =>
    loop(forMs, BURST, () => {
      const batch = isKept ? kept : new PacketBatch(BURST);
      batch.clear();
      for (let i = 0; i < BURST; i++) batch.push(packet, 0);
    });
}

/** Another thread that answers nothing; ours waits where it is behind, as a relay's would. */
async function handOver(by: "ring" | "messages", forMs: number): Promise<number> {
  const worker = new Worker(new URL("../testing/bench_taker.ts", import.meta.url).href, { type: "module" });
  const memory = SharedRing.create();
  const seen = new Int32Array(new SharedArrayBuffer(12));
  await new Promise((resolve) => {
    worker.onmessage = resolve;
    worker.postMessage({ by, memory, seen } satisfies TakeOver);
  });
  const ring = new SharedRing(memory);
  const batch = new PacketBatch(1);
  batch.push(new Uint8Array(PAYLOAD_BYTES), 0);
  let sent = 0;
  const startMs = performance.now();
  while (performance.now() - startMs < forMs) {
    for (let i = 0; i < BURST; i++) {
      if (by === "messages") worker.postMessage(batch.packet(0).slice());
      else {
        let slot = ring.reserve();
        while (slot < 0) slot = ring.reserve();
        ring.put(slot, batch, 0);
        ring.commit();
      }
      sent++;
    }
    // As a relay's doorbell: nobody spins.
    Atomics.add(seen, 2, 1);
    Atomics.notify(seen, 2);
    waitFor(seen, sent - 2 * BURST);
  }
  waitFor(seen, sent);
  const ns = ((performance.now() - startMs) * 1e6) / sent;
  Atomics.store(seen, 1, 1);
  worker.terminate();
  return ns;
}

/** Until the other thread has seen so many packets. */
function waitFor(seen: Int32Array, packets: number): void {
  for (let count = Atomics.load(seen, 0); count < packets; count = Atomics.load(seen, 0)) {
    // On the value that was looked at: whoever looks twice sleeps through the last change.
    Atomics.wait(seen, 0, count, 1);
  }
}

/** This program once more, with another environment: the library looks at it when it is loaded. */
function inProcess(env: Record<string, string>): Measure {
  return async (forMs) => {
    const args = ["run", "-A", "--quiet", import.meta.url, "protect", String(forMs)];
    const { stdout } = await new Deno.Command(Deno.execPath(), { args, env }).output();
    return Number(new TextDecoder().decode(stdout));
  };
}

const inPlace = (template: Uint8Array<ArrayBuffer>) => template;

function techniques(): Technique[] {
  const all: Technique[] = [
    {
      name: "zero-copy: protect where the packet lies",
      plain: ["a copy of each packet", protecting((template) => template.slice())],
      better: ["in place", protecting(inPlace)],
    },
    {
      name: "batches: packets in a system call, sent and received",
      plain: ["1", sockets(1, false)],
      better: [`${BURST}`, sockets(BURST, false)],
    },
    {
      name: `batches of ${BURST}: one message for a destination (UDP_SEGMENT)`,
      plain: ["without", sockets(BURST, false)],
      better: ["with", sockets(BURST, true)],
    },
    {
      name: "lock-free: packets to another thread",
      plain: ["postMessage", (forMs) => handOver("messages", forMs)],
      better: ["SharedRing", (forMs) => handOver("ring", forMs)],
    },
    {
      name: "pre-allocated: a batch to fill",
      plain: ["a new one", filling(false)],
      better: ["the same one", filling(true)],
    },
  ];
  if (Deno.build.arch === "x86_64") {
    all.push({
      name: "SIMD: protect, AES-128-GCM and HMAC in libcrypto",
      plain: ["processor's extensions off", inProcess(WITHOUT_SIMD)],
      better: ["on", inProcess({})],
    });
  }
  return all;
}

async function compare(forMs: number, rounds: number): Promise<void> {
  console.log(`${PAYLOAD_BYTES} bytes, ns per packet, medians of ${rounds} rounds in turn`);
  for (const { name, plain, better } of techniques()) {
    const ns: [number[], number[]] = [[], []];
    // The first round is for the compilers.
    for (let round = -1; round < rounds; round++) {
      for (const [i, [, measure]] of [plain, better].entries()) {
        const took = await measure(forMs);
        if (round >= 0) ns[i].push(took);
      }
    }
    const [without, with_] = ns.map(median);
    console.log(
      `${name}\n  ${plain[0]} ${without.toFixed(0)}, ${better[0]} ${with_.toFixed(0)}: ${
        (without / with_).toFixed(2)
      } x`,
    );
  }
}

if (import.meta.main) {
  if (Deno.args[0] === "protect") console.log(await protecting(inPlace)(Number(Deno.args[1])));
  else await compare(Number(Deno.args[0] ?? 200), Number(Deno.args[1] ?? 7));
  Deno.exit(0);
}
