/**
 * ArcSRTP on the system's libcrypto beside C: the same OpenSSL called from C, and libsrtp2. In interleaved rounds.
 *
 * `deno run -A lib/net/native/protect_bench.ts [milliseconds per round] [rounds]`
 */
import { createNativeBackend } from "../../crypto/backend_native.ts";
import { SrtpSender } from "../../crypto/srtp_protect.ts";
import type { Authentication, SuiteName } from "../../crypto/suites.ts";
import { makeKeys, plainPacket, SSRC } from "../../crypto/testing/packets.ts";
import { ArcRtpView } from "../../packet/arcrtp.ts";
import { setSequenceNumber } from "../../packet/rtp_header.ts";
import { median } from "../testing/bench_figures.ts";
import { buildC } from "../testing/build_c.ts";
import { openLibCrypto } from "./libcrypto.ts";

const backend = createNativeBackend(openLibCrypto());

/** Microseconds to protect a packet, everything included. */
function protectUs(suite: SuiteName, authentication: Authentication, payloadBytes: number, forMs: number): number {
  const keys = makeKeys({ backend, suite, authentication });
  const sender = new SrtpSender(SSRC);
  const packet = plainPacket({ sequenceNumber: 0, payload: new Uint8Array(payloadBytes) });
  const bytes = new Uint8Array(packet.length + 26);
  bytes.set(packet);
  const view = new ArcRtpView();
  let sequenceNumber = 0;
  return loop(forMs, () => {
    setSequenceNumber(bytes, 0, sequenceNumber);
    sequenceNumber = (sequenceNumber + 1) & 0xffff;
    if (!view.parse(bytes, 0, packet.length) || sender.protect(keys, view) !== "ok") throw new Error("not protected");
  });
}

/** The backend alone, without header, nonce and index. */
function sealUs(suite: SuiteName, payloadBytes: number, forMs: number): number {
  const key = backend.importAead(suite, new Uint8Array(suite === "aes-128-gcm" ? 16 : 32));
  const [nonce, packet] = [new Uint8Array(12), new Uint8Array(16 + payloadBytes + 16)];
  const us = loop(forMs, () => key.seal(nonce, packet, 0, 16, 16 + payloadBytes));
  key.free();
  return us;
}

function loop(forMs: number, once: () => void): number {
  const start = performance.now();
  let count = 0;
  let elapsedMs = 0;
  do {
    for (let i = 0; i < 1000; i++) once();
    count += 1000;
    elapsedMs = performance.now() - start;
  } while (elapsedMs < forMs);
  return (elapsedMs * 1000) / count;
}

if (import.meta.main) {
  const forMs = Number(Deno.args[0] ?? 150);
  const rounds = Number(Deno.args[1] ?? 9);
  const c = await buildC("protect", "-lcrypto", "-lsrtp2");
  const inC = (mode: string) => async (bytes: number) => {
    if (c === undefined) return NaN;
    const { stdout } = await new Deno.Command(c, { args: [mode, String(bytes), String(forMs)] }).output();
    return Number(new TextDecoder().decode(stdout));
  };
  const variants: Readonly<Record<string, (bytes: number) => number | Promise<number>>> = {
    "libsrtp2 AES-128-GCM": inC("srtp-gcm"),
    "arcrtc AES-128-GCM": (bytes) => protectUs("aes-128-gcm", "none", bytes, forMs),
    "arcrtc AES-128-GCM + HMAC": (bytes) => protectUs("aes-128-gcm", "hmac-sha256-80", bytes, forMs),
    "C, EVP AES-128-GCM": inC("evp-gcm"),
    "backend alone AES-128-GCM": (bytes) => sealUs("aes-128-gcm", bytes, forMs),
    "C, EVP AES-128-GCM + HMAC": inC("evp-gcm-hmac"),
    "C, EVP ChaCha20-Poly1305": inC("evp-chacha"),
    "backend alone ChaCha20-Poly1305": (bytes) => sealUs("chacha20-poly1305", bytes, forMs),
  };
  for (const bytes of [160, 1200]) {
    const figures = new Map<string, number[]>(Object.keys(variants).map((name) => [name, []]));
    for (const [, run] of Object.entries(variants)) await run(bytes); // compiled code from here on
    for (let round = 0; round < rounds; round++) {
      for (const [name, run] of Object.entries(variants)) figures.get(name)?.push(await run(bytes));
    }
    const us = (name: string) => median(figures.get(name) ?? []);
    console.log(`${bytes} B payload, us per packet`);
    for (const name of figures.keys()) {
      console.log(
        `  ${name.padEnd(32)} ${us(name).toFixed(2).padStart(6)}   ${
          (us(name) / us("libsrtp2 AES-128-GCM")).toFixed(2)
        } of libsrtp2`,
      );
    }
  }
  if (c !== undefined) await Deno.remove(c);
}
