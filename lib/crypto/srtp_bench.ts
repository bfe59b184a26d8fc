/**
 * Packet protection beside the bare libraries and beside werift-rtp, in one run: `deno bench -A lib/crypto`.
 *
 * Each group is one direction and payload size. The baseline is the library alone (AEAD and HMAC over the same bytes,
 * results thrown away), so that the summary's factors are the cost of everything else: parsing, index, window, nonce,
 * working in place. werift does AES-128-GCM without an HMAC, so its own neighbour is our authentication `none`.
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ProtectionProfileAeadAes128Gcm, RtpHeader, SrtpSession } from "werift-rtp";
import { ArcRtpView } from "../packet/arcrtp.ts";
import { setSequenceNumber } from "../packet/rtp_header.ts";
import type { CryptoBackend } from "./backend.ts";
import { SrtpSender } from "./srtp_protect.ts";
import { SrtpReceiver } from "./srtp_unprotect.ts";
import type { Authentication, SuiteName } from "./suites.ts";
import { BACKENDS, randomBytes } from "./testing/backends.ts";
import { keyMaterial, makeKeys, plainPacket, SSRC } from "./testing/packets.ts";

const SIZES = [160, 1200];
const BENCH_SUITES: readonly SuiteName[] = ["aes-128-gcm", "chacha20-poly1305"];
const HEADER_BYTES = 16;
/** Packets protected in advance for the benches that unprotect; the receiver starts anew with each round. */
const ROUND = 512;

/** Protects one packet after another, each with the next sequence number, in one buffer. */
function ourProtect(backend: CryptoBackend, suite: SuiteName, authentication: Authentication, payloadBytes: number) {
  const keys = makeKeys({ backend, suite, authentication });
  const sender = new SrtpSender(SSRC);
  const packet = plainPacket({ sequenceNumber: 0, payload: randomBytes(payloadBytes, 1) });
  const bytes = new Uint8Array(packet.length + 26);
  bytes.set(packet);
  const view = new ArcRtpView();
  let sequenceNumber = 0;
  return () => {
    setSequenceNumber(bytes, 0, sequenceNumber);
    sequenceNumber = (sequenceNumber + 1) & 0xffff;
    if (!view.parse(bytes, 0, packet.length) || sender.protect(keys, view) !== "ok") throw new Error("not protected");
    return bytes;
  };
}

function ourUnprotect(backend: CryptoBackend, suite: SuiteName, authentication: Authentication, payloadBytes: number) {
  const keys = makeKeys({ backend, suite, authentication });
  const protect = ourProtect(backend, suite, authentication, payloadBytes);
  const length = HEADER_BYTES + payloadBytes + keys.overheadBytes;
  const packets = Array.from({ length: ROUND }, () => protect().slice(0, length));
  const bytes = new Uint8Array(length);
  const view = new ArcRtpView();
  let receiver = new SrtpReceiver(SSRC, 0);
  let i = ROUND;
  return () => {
    if (i === ROUND) {
      receiver = new SrtpReceiver(SSRC, 0);
      i = 0;
    }
    bytes.set(packets[i++]);
    if (!view.parse(bytes, 0, length) || receiver.unprotect(keys, view, 0) !== "ok") throw new Error("not unprotected");
  };
}

function bareNode(suite: SuiteName, payloadBytes: number) {
  const { encryptionKey, authKey } = keyMaterial(suite, 1);
  const nonce = new Uint8Array(12);
  const packet = randomBytes(HEADER_BYTES + payloadBytes + 16, 1);
  const header = packet.subarray(0, HEADER_BYTES);
  const text = packet.subarray(HEADER_BYTES, HEADER_BYTES + payloadBytes);
  const name = suite as "aes-128-gcm";
  const options = { authTagLength: 16 };
  const mac = () => createHmac("sha256", authKey).update(packet).digest();
  const seal = () => {
    const cipher = createCipheriv(name, encryptionKey, nonce, options);
    cipher.setAAD(header);
    const sealed = cipher.update(text);
    cipher.final();
    return [sealed, cipher.getAuthTag()];
  };
  const [sealed, tag] = seal();
  const open = () => {
    const decipher = createDecipheriv(name, encryptionKey, nonce, options);
    decipher.setAAD(header);
    decipher.setAuthTag(tag);
    const opened = decipher.update(sealed);
    decipher.final();
    return opened;
  };
  return { protect: () => [seal(), mac()], unprotect: () => [mac(), open()] };
}

function bareNoble(suite: SuiteName, payloadBytes: number) {
  const { encryptionKey, authKey } = keyMaterial(suite, 1);
  const nonce = new Uint8Array(12);
  const header = randomBytes(HEADER_BYTES, 1);
  const text = randomBytes(payloadBytes, 2);
  const whole = randomBytes(HEADER_BYTES + payloadBytes + 16, 1);
  const aead = suite === "chacha20-poly1305" ? chacha20poly1305 : gcm;
  const sealed = aead(encryptionKey, nonce, header).encrypt(text);
  return {
    protect: () => [aead(encryptionKey, nonce, header).encrypt(text), hmac(sha256, authKey, whole)],
    unprotect: () => [hmac(sha256, authKey, whole), aead(encryptionKey, nonce, header).decrypt(sealed)],
  };
}

/** werift's session with random keys, AES-128-GCM; decrypt takes its packets round by round, as ours does. */
function werift(payloadBytes: number) {
  const [key, salt] = [Buffer.from(randomBytes(16, 1)), Buffer.from(randomBytes(12, 2))];
  const keys = { localMasterKey: key, localMasterSalt: salt, remoteMasterKey: key, remoteMasterSalt: salt };
  const session = new SrtpSession({ profile: ProtectionProfileAeadAes128Gcm, keys });
  const payload = Buffer.from(randomBytes(payloadBytes, 3));
  // Far from a wrap: werift counts a rollover whenever 0 follows a number above 100.
  let sequenceNumber = 1000;
  const header = new RtpHeader({ payloadType: 111, ssrc: SSRC, timestamp: 1, sequenceNumber });
  const protect = () => {
    header.sequenceNumber = sequenceNumber;
    sequenceNumber = (sequenceNumber + 1) & 0xffff;
    return session.encrypt(payload, header);
  };
  const packets = Array.from({ length: ROUND }, () => Buffer.from(protect()));
  let i = 0;
  return { protect, unprotect: () => session.decrypt(packets[i++ % ROUND]) };
}

for (const payloadBytes of SIZES) {
  for (const suite of BENCH_SUITES) {
    for (const [backend, bare] of [[BACKENDS[1], bareNode], [BACKENDS[0], bareNoble]] as const) {
      const what = `${suite} ${payloadBytes} B ${backend.name}`;
      const library = bare(suite, payloadBytes);
      Deno.bench("bare AEAD + HMAC", { group: `protect ${what}`, baseline: true }, () => void library.protect());
      Deno.bench("bare HMAC + AEAD", { group: `unprotect ${what}`, baseline: true }, () => void library.unprotect());
      for (const authentication of ["hmac-sha256-80", "none"] as const) {
        const protect = ourProtect(backend, suite, authentication, payloadBytes);
        const unprotect = ourUnprotect(backend, suite, authentication, payloadBytes);
        Deno.bench(`arcrtc ${authentication}`, { group: `protect ${what}` }, () => void protect());
        Deno.bench(`arcrtc ${authentication}`, { group: `unprotect ${what}` }, unprotect);
      }
      if (suite === "aes-128-gcm" && backend.name === "node") {
        const peer = werift(payloadBytes);
        Deno.bench("werift-rtp (no HMAC)", { group: `protect ${what}` }, () => void peer.protect());
        Deno.bench("werift-rtp (no HMAC)", { group: `unprotect ${what}` }, () => void peer.unprotect());
      }
    }
  }
}
