/** Packets without a network: parsing, and protection by each backend and suite. */
import type { CryptoBackend } from "../../lib/crypto/backend.ts";
import { BACKEND_WISHES } from "../../lib/crypto/backend_choice.ts";
import { SrtpStreamKeys } from "../../lib/crypto/srtp_keys.ts";
import { SrtpSender } from "../../lib/crypto/srtp_protect.ts";
import { SrtpReceiver } from "../../lib/crypto/srtp_unprotect.ts";
import {
  AEAD_NONCE_BYTES,
  type Authentication,
  MAC_KEY_BYTES,
  SUITE_NAMES,
  type SuiteName,
  SUITES,
} from "../../lib/crypto/suites.ts";
import { chooseCryptoBackend } from "../../lib/net/crypto_choice.ts";
import { ArcRtpView, writeArcRtp } from "../../lib/packet/arcrtp.ts";
import { setSequenceNumber } from "../../lib/packet/rtp_header.ts";
import { type BenchArea, type BenchGap, type BenchRow, PAYLOAD_SIZES_BYTES, percentile, whyOf } from "./bench_row.ts";

const SSRC = 0x5eed;
/** Room for two tags. */
const ROOM_BYTES = 64;
/** The figures of a row come from so many rounds, in which all rows take turns. */
const ROUNDS = 3;
/** Packets between two looks at the clock. */
const STRETCH = 32;
/** Packets that are protected beforehand for unprotecting; the receiver begins anew with each round of them. */
const PROTECTED = 256;

/** Every suite with the HMAC that is the default, and the suite that every peer has without it. */
const SUBJECTS: readonly (readonly [SuiteName, Authentication])[] = [
  ["aes-128-gcm", "none"],
  ...SUITE_NAMES.map((suite) => [suite, "hmac-sha256-80"] as const),
];

interface Work {
  readonly area: BenchArea;
  readonly subject: string;
  readonly payloadBytes: number;
  /** Handles one packet. @throws Error where the packet was refused: then there is nothing to measure. */
  readonly once: () => void;
}

export function packetRows(areas: ReadonlySet<BenchArea>, seconds: number): (BenchRow | BenchGap)[] {
  const gaps: BenchGap[] = [];
  const works: Work[] = [];
  if (areas.has("parse")) { for (const bytes of PAYLOAD_SIZES_BYTES) works.push(parsing(bytes)); }
  for (const area of ["protect", "unprotect"] as const) {
    if (!areas.has(area)) continue;
    for (const wish of BACKEND_WISHES) {
      if (wish === "auto") continue;
      try {
        works.push(...protectionWorks(area, chooseCryptoBackend(wish).backend));
      } catch (error) {
        gaps.push({ area, subject: wish, why: whyOf(error) });
      }
    }
  }
  return [...measured(works, seconds), ...gaps];
}

function protectionWorks(area: "protect" | "unprotect", backend: CryptoBackend): Work[] {
  const make = area === "protect" ? protecting : unprotecting;
  return PAYLOAD_SIZES_BYTES.flatMap((payloadBytes) =>
    SUBJECTS.map(([suite, authentication]) => ({
      area,
      subject: `${backend.name}, ${suite}${authentication === "none" ? " alone" : `, ${authentication}`}`,
      payloadBytes,
      once: make(newKeys(backend, suite, authentication), payloadBytes),
    }))
  );
}

function measured(works: readonly Work[], seconds: number): BenchRow[] {
  const runs = works.map(() => ({ ns: [] as number[], count: 0 }));
  const forMs = (seconds * 1000) / ROUNDS;
  // The first round is for the compilers.
  for (let round = -1; round < ROUNDS; round++) {
    works.forEach(({ once }, i) => {
      const startMs = performance.now();
      let count = 0;
      let elapsedMs = 0;
      do {
        for (let n = 0; n < STRETCH; n++) once();
        count += STRETCH;
        elapsedMs = performance.now() - startMs;
      } while (elapsedMs < forMs);
      if (round < 0) return;
      runs[i].ns.push((elapsedMs * 1e6) / count);
      runs[i].count += count;
    });
  }
  return works.map(({ area, subject, payloadBytes }, i) => {
    const nsPerPacket = percentile(runs[i].ns, 50);
    return {
      area,
      subject,
      payloadBytes,
      count: runs[i].count,
      figures: { nsPerPacket, packetsPerS: 1e9 / nsPerPacket },
    };
  });
}

function parsing(payloadBytes: number): Work {
  const { bytes, length } = newPacket(payloadBytes);
  const view = new ArcRtpView();
  const once = () => {
    if (!view.parse(bytes, 0, length) || view.ssrc !== SSRC) throw new Error("a packet of ours was not parsed");
  };
  return { area: "parse", subject: "ArcRTP header, in place", payloadBytes, once };
}

function newPacket(payloadBytes: number): { bytes: Uint8Array<ArrayBuffer>; length: number } {
  const bytes = new Uint8Array(payloadBytes + 2 * ROOM_BYTES);
  const payload = new Uint8Array(payloadBytes).fill(7);
  const fields = { payloadType: 111, sequenceNumber: 0, timestamp: 1, ssrc: SSRC, quality: 1, priority: 0 } as const;
  return { bytes, length: writeArcRtp({ ...fields, keyPhase: 0, payload }, bytes, 0) };
}

/** Of ones: what the bytes are makes no difference to the time. */
function newKeys(backend: CryptoBackend, suite: SuiteName, authentication: Authentication): SrtpStreamKeys {
  const ones = (bytes: number) => new Uint8Array(bytes).fill(1);
  return new SrtpStreamKeys(backend, suite, authentication, {
    encryptionKey: ones(SUITES[suite].keyBytes),
    authKey: ones(MAC_KEY_BYTES),
    salt: ones(AEAD_NONCE_BYTES),
  });
}

/** Everything that a sender does to a packet: parse, index, nonce, seal, sign. */
function protecting(keys: SrtpStreamKeys, payloadBytes: number): () => Uint8Array {
  const { bytes, length } = newPacket(payloadBytes);
  const sender = new SrtpSender(SSRC);
  const view = new ArcRtpView();
  let sequenceNumber = 0;
  return () => {
    setSequenceNumber(bytes, 0, sequenceNumber);
    sequenceNumber = (sequenceNumber + 1) & 0xffff;
    if (!view.parse(bytes, 0, length) || sender.protect(keys, view) !== "ok") {
      throw new Error("a packet of ours was not protected");
    }
    return bytes;
  };
}

/** Everything that a receiver does, and a copy of the packet, which works in place. */
function unprotecting(keys: SrtpStreamKeys, payloadBytes: number): () => void {
  const length = newPacket(payloadBytes).length + keys.overheadBytes;
  const protect = protecting(keys, payloadBytes);
  const packets = Array.from({ length: PROTECTED }, () => protect().slice(0, length));
  const bytes = new Uint8Array(length);
  const view = new ArcRtpView();
  let receiver = new SrtpReceiver(SSRC, 0);
  let next = 0;
  return () => {
    if (next === PROTECTED) {
      receiver = new SrtpReceiver(SSRC, 0);
      next = 0;
    }
    bytes.set(packets[next++]);
    if (!view.parse(bytes, 0, length) || receiver.unprotect(keys, view, 0) !== "ok") {
      throw new Error("a packet of ours was not unprotected");
    }
  };
}
