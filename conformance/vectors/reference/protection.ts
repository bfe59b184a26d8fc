/** Clauses 4.1 to 4.3, 5.6.1 and the SRTP of clause 12.2: nonce, associated data and tags put together by hand. */
import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { concat, fromHex, hexOf, numberBytes, same, text, xor } from "./bytes.ts";
import {
  type Answer,
  answering,
  compareFault,
  compareResults,
  type Due,
  type Fault,
  type Json,
  type Judges,
} from "./judge.ts";
import { hkdf, hmac, type StreamKeys, streamKeys } from "./keys.ts";
import { ARC, type Packet, parsePacket } from "./rtp.ts";

export const protectionJudges: Judges = {
  "srtp.protect": judgeProtect,
  "srtp.receive": judgeReceive,
  "srtcp.protect": answering(protectRtcp),
  "srtcp.receive": (request, due) => {
    const protection = protectionOf(request);
    const receiver = new RtcpReceiver((request.window as number | undefined) ?? 64);
    compareResults(due, hexes(request.packets).map((bytes) => shown(receiver.receive(bytes, protection))));
  },
  "seal.protect": judgeSeal,
  "seal.receive": (request, due) => {
    const receiver = new SealReceiver(sealingKey(fromHex(request.master_key as string), request.peer_id as string));
    compareResults(due, hexes(request.units).map((unit) => shown(receiver.receive(unit), "json")));
  },
  "rotation.receive": judgeRotation,
};

function hexes(list: unknown): Uint8Array[] {
  return (list as string[]).map(fromHex);
}

function shown(result: Uint8Array | Fault, as: "hex" | "json" = "hex"): Json | { readonly fault: Fault } {
  if ("reason" in result) return { fault: result };
  return as === "hex" ? { hex: hexOf(result) } : { json: new TextDecoder().decode(result) };
}

type Suite = "aes-128-gcm" | "aes-256-gcm" | "chacha20-poly1305";

interface Protection extends StreamKeys {
  readonly suite: Suite;
  readonly hasMac: boolean;
}

function protectionOf(request: Json): Protection {
  const keys = request.keys as Readonly<Record<string, string>>;
  return {
    suite: request.suite as Suite,
    hasMac: request.authentication !== "none",
    encryptionKey: fromHex(keys.encryption_key),
    authKey: fromHex(keys.auth_key),
    salt: fromHex(keys.salt),
  };
}

/** Ciphertext and 16-byte tag. */
function seal(suite: Suite, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array {
  // One type for three names: Node's own declarations know each of them apart.
  const cipher = createCipheriv(suite as "aes-128-gcm", key, nonce, { authTagLength: 16 });
  cipher.setAAD(aad, { plaintextLength: plain.length });
  return concat(cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

/** The plaintext; undefined where the tag is wrong. */
function open(suite: Suite, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array) {
  const decipher = createDecipheriv(suite as "aes-128-gcm", key, nonce, { authTagLength: 16 });
  decipher.setAAD(aad, { plaintextLength: sealed.length - 16 });
  decipher.setAuthTag(sealed.slice(-16));
  try {
    return concat(decipher.update(sealed.slice(0, -16)), decipher.final());
  } catch {
    return undefined;
  }
}

const ROUND = 65536n;

/** u16 0, SSRC, ROC and sequence number, exclusive-ored with the salt. */
function packetNonce(salt: Uint8Array, ssrc: number, index: bigint): Uint8Array {
  return xor(concat([0, 0], numberBytes(ssrc, 4), numberBytes(index, 6)), salt);
}

function judgeProtect(request: Json, due: Due): void {
  if (request.dialect === "armoricore") {
    const srtp = armoricoreKeys(request);
    assert.ok(!("reason" in srtp));
    const packet = parsePacket(fromHex(request.hex as string), { arc: false, armoricore: true, keepPadding: true });
    assert.ok(!("reason" in packet));
    const sealed = seal("aes-128-gcm", srtp.key, srtp.iv(packet.sequence), new Uint8Array(0), packet.payload);
    assert.deepEqual(due.expected, { hex: hexOf(concat(packet.bytes.slice(0, packet.headerEnd), sealed)) });
    return;
  }
  const packet = parsePacket(fromHex(request.hex as string), { ...ARC, keepPadding: true });
  if ("reason" in packet) {
    compareFault(due.fault, packet);
    return;
  }
  const keys = protectionOf(request);
  const roc = BigInt(request.roc as number);
  const nonce = packetNonce(keys.salt, packet.ssrc, roc * ROUND + BigInt(packet.sequence));
  const aad = packet.bytes.slice(0, packet.headerEnd);
  const sealed = concat(aad, seal(keys.suite, keys.encryptionKey, nonce, aad, packet.payload));
  const mac = hmac(keys.authKey, sealed, numberBytes(roc, 4));
  assert.deepEqual(due.expected, { hex: hexOf(keys.hasMac ? concat(sealed, mac.slice(0, 10)) : sealed) });
  assert.deepEqual(due.trace, {
    nonce: hexOf(nonce),
    aad: hexOf(aad),
    ...(keys.hasMac ? { hmac: hexOf(mac) } : {}),
  });
}

/** What has been received, as a set of indexes without end. */
class Seen {
  readonly #seen = new Set<bigint>();
  highest: bigint | undefined;

  constructor(readonly window: number) {}

  refuses(index: bigint): boolean {
    if (index < 0n) return true;
    if (this.highest === undefined || index > this.highest) return false;
    return this.highest - index >= BigInt(this.window) || this.#seen.has(index);
  }

  add(index: bigint): void {
    this.#seen.add(index);
    if (this.highest === undefined || index > this.highest) this.highest = index;
  }
}

/** RFC 3711 section 3.3.1, as it is written there. */
function estimate(sequence: bigint, highest: bigint): bigint {
  const roc = highest / ROUND;
  const last = highest % ROUND;
  let guess = roc;
  if (last < 32768n) {
    if (sequence - last > 32768n) guess = roc - 1n;
  } else if (last - 32768n > sequence) guess = roc + 1n;
  return guess * ROUND + sequence;
}

/** One SSRC at a receiver of media. */
class MediaReceiver {
  readonly #seen: Seen;
  readonly #startRoc: bigint;
  #heardMs = 0;
  /** Index of the packet that was accepted last. */
  accepted: bigint | undefined;

  constructor(window: number, startRoc: number) {
    this.#seen = new Seen(window);
    this.#startRoc = BigInt(startRoc);
  }

  receive(packet: Packet, keys: Protection, atMs: number): Uint8Array | Fault {
    const tags = keys.hasMac ? 26 : 16;
    if (packet.bytes.length < packet.headerEnd + tags) return { reason: "truncated" };
    const sequence = BigInt(packet.sequence);
    const { highest } = this.#seen;
    const first = highest === undefined ? this.#startRoc * ROUND + sequence : estimate(sequence, highest);
    const tries = atMs - this.#heardMs >= 1000 ? [first, first + ROUND, first + 2n * ROUND] : [first];
    const results = tries.map((index) => ({ index, result: this.#open(packet, keys, index) }));
    const good = results.find(({ result }) => result instanceof Uint8Array);
    if (good === undefined) return results[0].result;
    this.#seen.add(good.index);
    this.accepted = good.index;
    this.#heardMs = atMs;
    return good.result;
  }

  #open({ bytes, headerEnd, ssrc }: Packet, keys: Protection, index: bigint): Uint8Array | Fault {
    if (this.#seen.refuses(index)) return { reason: "replay" };
    const sealedEnd = bytes.length - (keys.hasMac ? 10 : 0);
    const mac = hmac(keys.authKey, bytes.slice(0, sealedEnd), numberBytes(index / ROUND, 4)).slice(0, 10);
    if (keys.hasMac && !same(mac, bytes.slice(sealedEnd))) return { reason: "auth" };
    const header = bytes.slice(0, headerEnd);
    const nonce = packetNonce(keys.salt, ssrc, index);
    const plain = open(keys.suite, keys.encryptionKey, nonce, header, bytes.slice(headerEnd, sealedEnd));
    return plain === undefined ? { reason: "decrypt" } : concat(header, plain);
  }
}

function judgeReceive(request: Json, due: Due): void {
  if (request.dialect === "armoricore") {
    judgeArmoricore(request, due);
    return;
  }
  const window = (request.window as number | undefined) ?? 64;
  if (window < 64 || window > 4096 || window % 64 !== 0) {
    assert.deepEqual(due.fault, { reason: "bad_value", path: "$.window" });
    return;
  }
  const keys = protectionOf(request);
  const receivers = new Map<number, MediaReceiver>();
  const indexes = due.trace?.indexes as readonly number[] | undefined;
  const units = (request.packets as (string | { readonly hex: string; readonly at_ms: number })[])
    .map((unit) => typeof unit === "string" ? { hex: unit, at_ms: 0 } : unit);
  if (indexes !== undefined) assert.equal(indexes.length, units.length);
  compareResults(
    due,
    units.map(({ hex, at_ms }, i) => {
      const packet = parsePacket(fromHex(hex), { ...ARC, keepPadding: true });
      if ("reason" in packet) return { fault: packet };
      const receiver = receivers.get(packet.ssrc) ??
        new MediaReceiver(window, (request.start_roc as number | undefined) ?? 0);
      receivers.set(packet.ssrc, receiver);
      const plain = receiver.receive(packet, keys, at_ms);
      if (indexes !== undefined) assert.equal(packet.sequence, indexes[i] % 65536);
      if ("reason" in plain) return { fault: plain };
      if (indexes !== undefined) assert.equal(receiver.accepted, BigInt(indexes[i]));
      // Padding is judged behind decryption.
      const judged = parsePacket(plain, ARC);
      return "reason" in judged ? { fault: judged } : { hex: hexOf(plain) };
    }),
  );
}

/** u16 0, SSRC, u16 0 and index, exclusive-ored with the salt. */
function rtcpNonce(salt: Uint8Array, ssrc: Uint8Array, index: number): Uint8Array {
  return xor(concat([0, 0], ssrc, [0, 0], numberBytes(index, 4)), salt);
}

function protectRtcp(request: Json): Answer {
  const bytes = fromHex(request.hex as string);
  const index = request.index as number;
  if (bytes.length < 8) return { fault: { reason: "truncated" } };
  if (index > 0x7fffffff) return { fault: { reason: "bad_state" } };
  const keys = protectionOf(request);
  const header = bytes.slice(0, 8);
  const word = numberBytes(0x80000000 + index, 4);
  const nonce = rtcpNonce(keys.salt, bytes.slice(4, 8), index);
  const sealed = seal(keys.suite, keys.encryptionKey, nonce, concat(header, word), bytes.slice(8));
  const packet = concat(header, sealed, word);
  return { ok: { hex: hexOf(keys.hasMac ? concat(packet, hmac(keys.authKey, packet).slice(0, 10)) : packet) } };
}

/** All sender SSRCs at a receiver of RTCP. */
class RtcpReceiver {
  readonly #seen = new Map<string, Seen>();

  constructor(readonly window: number) {}

  receive(bytes: Uint8Array, keys: Protection): Uint8Array | Fault {
    const macBytes = keys.hasMac ? 10 : 0;
    if (bytes.length < 8 + 16 + 4 + macBytes) return { reason: "truncated" };
    if (bytes[0] >> 6 !== 2) return { reason: "bad_version" };
    const ssrc = bytes.slice(4, 8);
    const seen = this.#seen.get(hexOf(ssrc)) ?? new Seen(this.window);
    this.#seen.set(hexOf(ssrc), seen);
    const packetEnd = bytes.length - macBytes;
    const word = bytes.slice(packetEnd - 4, packetEnd);
    if (word[0] < 0x80) return { reason: "bad_value" };
    const index = Number.parseInt(hexOf(word), 16) - 0x80000000;
    if (seen.refuses(BigInt(index))) return { reason: "replay" };
    const mac = hmac(keys.authKey, bytes.slice(0, packetEnd)).slice(0, 10);
    if (keys.hasMac && !same(mac, bytes.slice(packetEnd))) return { reason: "auth" };
    const header = bytes.slice(0, 8);
    const nonce = rtcpNonce(keys.salt, ssrc, index);
    const sealed = bytes.slice(8, packetEnd - 4);
    const plain = open(keys.suite, keys.encryptionKey, nonce, concat(header, word), sealed);
    if (plain === undefined) return { reason: "decrypt" };
    seen.add(BigInt(index));
    return concat(header, plain);
  }
}

function sealingKey(master: Uint8Array, peerId: string): Uint8Array {
  return hkdf(master, text("arcrtc-seal"), text(peerId), 32);
}

function judgeSeal(request: Json, due: Due): void {
  const key = sealingKey(fromHex(request.master_key as string), request.peer_id as string);
  const counter = request.counter as number;
  const covered = concat(text(request.json as string), [0], numberBytes(BigInt.asUintN(48, BigInt(counter)), 6));
  const unit = concat(covered, hmac(key, covered).slice(0, 16));
  if (unit.length > 1232) compareFault(due.fault, { reason: "too_large" });
  else if (counter >= 2 ** 48) compareFault(due.fault, { reason: "bad_state" });
  else assert.deepEqual([due.expected, due.trace], [{ hex: hexOf(unit) }, { sealing_key: hexOf(key) }]);
}

/** One sender and epoch at a receiver of sealed units. */
class SealReceiver {
  readonly #seen = new Seen(64);

  constructor(readonly key: Uint8Array) {}

  receive(unit: Uint8Array): Uint8Array | Fault {
    if (unit.length < 25) return { reason: "truncated", offset: unit.length, need: 25 };
    const json = unit.slice(0, -23);
    if (unit[json.length] !== 0) return { reason: "bad_value", offset: json.length };
    const counter = BigInt(`0x${hexOf(unit.slice(-22, -16))}`);
    if (this.#seen.refuses(counter)) return { reason: "replay", offset: json.length + 1 };
    const tag = hmac(this.key, unit.slice(0, -16)).slice(0, 16);
    if (!same(tag, unit.slice(-16))) return { reason: "auth", offset: json.length + 7 };
    this.#seen.add(counter);
    return json;
  }
}

function judgeRotation(request: Json, due: Due): void {
  const suite = request.suite as Suite;
  const hasMac = request.authentication !== "none";
  const peerId = request.peer_id as string;
  const held = (request.epochs as { readonly epoch: number; readonly master_key: string }[])
    .map(({ epoch, master_key }) => {
      const master = fromHex(master_key);
      return {
        epoch,
        media: { ...streamKeys(master, "", request.stream_id as string, suite), suite, hasMac },
        rtcp: { ...streamKeys(master, "rtcp-", peerId, suite), suite, hasMac },
        sealed: new SealReceiver(sealingKey(master, peerId)),
      };
    });
  const media = new Map<number, MediaReceiver>();
  const rtcp = new RtcpReceiver(64);

  const receiveMedia = (unit: Uint8Array): Json => {
    const packet = parsePacket(unit, { ...ARC, keepPadding: true });
    if ("reason" in packet) return { fault: packet };
    const epoch = held.find((each) => each.epoch % 4 === packet.arc?.keyPhase);
    if (epoch === undefined) return { fault: { reason: "bad_context" } };
    const receiver = media.get(packet.ssrc) ?? new MediaReceiver(64, 0);
    media.set(packet.ssrc, receiver);
    const plain = receiver.receive(packet, epoch.media, 0);
    if ("reason" in plain) return { fault: { reason: plain.reason } };
    return { kind: "arcrtp", epoch: epoch.epoch, hex: hexOf(plain) };
  };
  /** The first held epoch that opens the unit; where none does, the reason of the first. */
  const tryAll = (
    kind: string,
    open: (epoch: (typeof held)[number]) => Uint8Array | Fault,
    show: (plain: Uint8Array) => Json,
  ) => {
    const reasons: string[] = [];
    for (const epoch of held) {
      const plain = open(epoch);
      if (!("reason" in plain)) return { kind, epoch: epoch.epoch, ...show(plain) };
      reasons.push(plain.reason);
    }
    return { fault: { reason: reasons[0] } };
  };
  compareResults(
    due,
    hexes(request.units).map((unit) => {
      if (unit[0] === 0x7b) {
        return tryAll(
          "json",
          ({ sealed }) => sealed.receive(unit),
          (plain) => ({ json: new TextDecoder().decode(plain) }),
        );
      }
      if (unit[0] >> 6 === 2 && unit[1] >= 192 && unit[1] <= 223) {
        return tryAll("rtcp", (epoch) => rtcp.receive(unit, epoch.rtcp), (plain) => ({ hex: hexOf(plain) }));
      }
      return receiveMedia(unit);
    }),
  );
}

interface ArmoricoreKeys {
  readonly key: Uint8Array;
  readonly iv: (sequence: number) => Uint8Array;
}

function armoricoreKeys(request: Json): ArmoricoreKeys | Fault {
  const masterKey = fromHex(request.master_key as string);
  const masterSalt = fromHex(request.master_salt as string);
  if (masterKey.length !== 16 || masterSalt.length !== 14) return { reason: "bad_key" };
  // HKDF without a salt takes as many zero bytes as the hash has.
  const none = new Uint8Array(32);
  const salt = hkdf(masterSalt, none, text("SRTP salt key"), 14).slice(0, 12);
  return {
    key: hkdf(masterKey, none, text("SRTP encryption key"), 16),
    iv: (sequence) => {
      const ssrc = numberBytes(request.ssrc as number, 4);
      return xor(concat(ssrc, numberBytes(request.roc as number, 4), numberBytes(sequence, 2), [0, 0]), salt);
    },
  };
}

function judgeArmoricore(request: Json, due: Due): void {
  const srtp = armoricoreKeys(request);
  if ("reason" in srtp) {
    compareFault(due.fault, srtp);
    return;
  }
  compareResults(
    due,
    hexes(request.packets).map((bytes) => {
      const packet = parsePacket(bytes, { arc: false, armoricore: true, keepPadding: true });
      if ("reason" in packet) return { fault: packet };
      if (packet.payload.length < 16) return { fault: { reason: "truncated" } };
      const plain = open("aes-128-gcm", srtp.key, srtp.iv(packet.sequence), new Uint8Array(0), packet.payload);
      if (plain === undefined) return { fault: { reason: "decrypt" } };
      return { hex: hexOf(concat(bytes.slice(0, packet.headerEnd), plain)) };
    }),
  );
}
