/**
 * Native sockets and libcrypto under forced collections: batches, keys and buffers are made, used and dropped, and every
 * byte that arrives is compared with what was sent, and every byte that nobody should write with what it was.
 *
 * `deno run -A --v8-flags=--expose-gc lib/net/native/gc_stress.ts [packets]`
 *
 * Prints what was done; throws on the first wrong byte. A collection that takes memory away under the system's hands
 * shows as a wrong byte, as a crash, or under valgrind.
 */
import { HEADROOM_BYTES, PacketBatch } from "../../base/batch.ts";
import { equalBytes } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { SeededRng } from "../../base/rng.ts";
import { createNativeBackend } from "../../crypto/backend_native.ts";
import { agree, generateKeyPair } from "../../crypto/ecdh.ts";
import { SUITE_NAMES, SUITES } from "../../crypto/suites.ts";
import { openLibCrypto } from "./libcrypto.ts";
import { NativeUdpSocket } from "./udp_socket.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const MAX_BYTES = 1232;
const CANARY = 0xa5;
/** Batches between two forced collections. */
const GC_EVERY = 150;

const collect = (globalThis as { gc?: () => void }).gc;

function fail(what: string): never {
  throw new Error(`wrong memory: ${what}`);
}

/** A batch that has never been used, all canary. */
function freshBatch(capacity: number): PacketBatch {
  const batch = new PacketBatch(capacity, 2048);
  batch.bytes.fill(CANARY);
  return batch;
}

/** The bytes of packet `n`: its number, its length, and a pattern of both. */
function writePacket(batch: PacketBatch, n: number, bytes: number, address: number): void {
  const i = batch.size++;
  const at = batch.offset(i);
  for (let k = 0; k < bytes; k++) batch.bytes[at + k] = (n + k * 7 + bytes) & 255;
  batch.lengths[i] = bytes;
  batch.addresses[i] = address;
}

function checkBatch(batch: PacketBatch, firstNumber: number, sizes: readonly number[]): void {
  for (let i = 0; i < batch.size; i++) {
    const bytes = sizes[i];
    if (batch.lengths[i] !== bytes) fail(`packet ${firstNumber + i} has ${batch.lengths[i]} bytes, not ${bytes}`);
    const at = batch.offset(i);
    for (let k = 0; k < bytes; k++) {
      if (batch.bytes[at + k] !== ((firstNumber + i + k * 7 + bytes) & 255)) {
        fail(`packet ${firstNumber + i} byte ${k}`);
      }
    }
    if (batch.bytes[at - 1] !== CANARY || batch.bytes[at - HEADROOM_BYTES] !== CANARY) fail(`in front of slot ${i}`);
    if (batch.bytes[at + bytes] !== CANARY) fail(`behind packet ${firstNumber + i}`);
  }
}

/** Seals, opens and agrees on keys in buffers, and with keys, that nobody keeps. */
function stressCrypto(backend: ReturnType<typeof createNativeBackend>, rng: SeededRng): void {
  for (const suite of SUITE_NAMES) {
    const key = backend.importAead(suite, rng.fill(new Uint8Array(SUITES[suite].keyBytes)));
    const nonce = rng.fill(new Uint8Array(12));
    const text = rng.fill(new Uint8Array(rng.u32() % MAX_BYTES));
    const packet = new Uint8Array(16 + text.length + 16);
    packet.set(text, 16);
    key.seal(nonce, packet, 0, 16, 16 + text.length);
    const copy = packet.slice();
    copy[copy.length - 1] ^= 1;
    const forged = copy.slice();
    if (key.open(nonce, copy, 0, 16, 16 + text.length)) fail(`${suite}: a wrong tag was taken`);
    if (!copy.every((byte, i) => byte === forged[i])) fail(`${suite}: a refused packet was changed`);
    if (!key.open(nonce, packet, 0, 16, 16 + text.length)) fail(`${suite}: a right tag was refused`);
    if (!text.every((byte, i) => packet[16 + i] === byte)) fail(`${suite}: another text came back`);
    // Every other one is left to the collector.
    if (rng.u32() % 2 === 0) key.free();
  }
  const mac = backend.importMac(rng.fill(new Uint8Array(32)));
  const message = rng.fill(new Uint8Array(100));
  const tag = new Uint8Array(10);
  mac.sign(message, 0, 90, 1, tag, 0, 10);
  if (!mac.verify(message, 0, 90, 1, tag, 0, 10)) fail("HMAC");
  const [ours, theirs] = [generateKeyPair(rng, backend.p256), generateKeyPair(rng, backend.p256)];
  const [here, there] = [agree(ours, theirs.publicKey, backend.p256), agree(theirs, ours.publicKey, backend.p256)];
  if (!equalBytes(unwrap(here), unwrap(there))) fail("P-256");
}

function run(packets: number): string {
  if (collect === undefined) throw new Error("run it with --v8-flags=--expose-gc");
  const rng = new SeededRng(1);
  const backend = createNativeBackend(openLibCrypto());
  let sender = NativeUdpSocket.open({ ...LOOPBACK, addressCapacity: 16 });
  const receiver = NativeUdpSocket.open({ ...LOOPBACK, addressCapacity: 16 });
  let [done, batches, collections, sockets] = [0, 0, 0, 1];
  while (done < packets) {
    const to = sender.addresses.intern(LOOPBACK.host, receiver.local.port);
    const out = freshBatch(1 + (rng.u32() % 64));
    // Runs of one size, so that messages of several segments are among them.
    const sizes: number[] = [];
    for (let bytes = 0; sizes.length < out.capacity;) {
      if (sizes.length % 16 === 0) bytes = 1 + (rng.u32() % MAX_BYTES);
      sizes.push(sizes.length % 16 === 15 ? 1 + (bytes >> 1) : bytes);
      writePacket(out, done + sizes.length - 1, sizes[sizes.length - 1], to);
    }
    if (batches % GC_EVERY === 0) {
      collect();
      collections++;
      stressCrypto(backend, rng);
    }
    sender.send(out);
    for (let read = 0; read < sizes.length;) {
      const incoming = freshBatch(1 + (rng.u32() % 64));
      if (receiver.receive(incoming) === 0) fail(`packet ${done + read} of ${packets} is missing`);
      checkBatch(incoming, done + read, sizes.slice(read, read + incoming.size));
      read += incoming.size;
    }
    done += sizes.length;
    batches++;
    if (batches % 5000 === 0) {
      sender.close();
      sender = NativeUdpSocket.open({ ...LOOPBACK, addressCapacity: 16 });
      sockets++;
    }
  }
  const { sent, sendErrors } = sender.counters;
  if (sendErrors !== 0) fail(`${sendErrors} of ${sent} not sent`);
  sender.close();
  receiver.close();
  return `${done} packets in ${batches} batches over ${sockets} sockets, ${collections} forced collections: every byte right`;
}

if (import.meta.main) console.log(run(Number(Deno.args[0] ?? 10_000_000)));
