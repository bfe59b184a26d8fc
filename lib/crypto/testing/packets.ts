/** Packets, keys and streams for the tests of protection. */
import { concatBytes } from "../../base/bytes.ts";
import { type ArcRtpFields, arcRtpHeaderBytes, ArcRtpView, writeArcRtp } from "../../packet/arcrtp.ts";
import type { AeadKey, CryptoBackend, MacKey } from "../backend.ts";
import { PacketBudget, type SrtpKeyMaterial, SrtpStreamKeys } from "../srtp_keys.ts";
import { type Authentication, type SuiteName, SUITES } from "../suites.ts";
import { BACKENDS, inDirtyPool, randomBytes } from "./backends.ts";

export const SSRC = 0x89abcdef;

export interface PlainPacketFields extends Partial<ArcRtpFields> {
  readonly sequenceNumber: number;
}

/** A full ArcRTP packet; a payload of 20 bytes unless told otherwise. */
export function plainPacket(fields: PlainPacketFields): Uint8Array<ArrayBuffer> {
  const whole: ArcRtpFields = {
    payloadType: 111,
    timestamp: 960 * fields.sequenceNumber,
    ssrc: SSRC,
    quality: 1,
    priority: 0,
    keyPhase: 0,
    payload: randomBytes(20, fields.sequenceNumber),
    ...fields,
  };
  const out = new Uint8Array(arcRtpHeaderBytes(whole) + (whole.payload?.length ?? 0));
  writeArcRtp(whole, out, 0);
  return out;
}

/** Headers of every shape: bare, with loss byte, with CSRCs, with an extension, with all of it. */
export const HEADER_SHAPES: readonly Omit<PlainPacketFields, "sequenceNumber">[] = [
  {},
  { bandwidthKbps: 3000, lossTenths: 12, marker: true },
  { csrc: [1, 2, 3] },
  { extension: { profile: 0xbede, data: new Uint8Array([0x12, 1, 2, 3, 0x21, 4, 5, 0]) } },
  {
    padding: true,
    payload: new Uint8Array([7, 7, 7, 0, 2]),
    csrc: Array.from({ length: 15 }, (_, i) => i),
    extension: { profile: 0x1000, data: new Uint8Array(40) },
    lossTenths: 255,
    keyPhase: 3,
  },
  { payload: new Uint8Array(0) },
];

export function keyMaterial(suite: SuiteName, seed: number): SrtpKeyMaterial {
  return {
    encryptionKey: randomBytes(SUITES[suite].keyBytes, seed),
    authKey: randomBytes(32, seed + 1000),
    salt: randomBytes(12, seed + 2000),
  };
}

export interface KeyOptions {
  readonly backend?: CryptoBackend;
  readonly suite?: SuiteName;
  readonly authentication?: Authentication;
  readonly seed?: number;
  readonly budget?: PacketBudget;
}

export function makeKeys(options: KeyOptions = {}): SrtpStreamKeys {
  const suite = options.suite ?? "aes-128-gcm";
  return new SrtpStreamKeys(
    options.backend ?? BACKENDS[1],
    suite,
    options.authentication ?? "hmac-sha256-80",
    keyMaterial(suite, options.seed ?? 1),
    options.budget ?? new PacketBudget(),
  );
}

/** `packet` in the middle of a dirty pool with `room` bytes of noise behind it, and a view that has parsed it there. */
export function viewInPool(packet: Uint8Array, room = 40, before = 13): ArcRtpView {
  const view = new ArcRtpView();
  const pool = inDirtyPool(packet, before, room);
  if (!view.parse(pool, before, before + packet.length)) throw new Error(`test packet: ${view.faultReason}`);
  return view;
}

/** A fresh copy of what `view` covers, `grownBytes` longer. */
export function copyOf(view: ArcRtpView, grownBytes = 0): Uint8Array<ArrayBuffer> {
  return concatBytes(view.bytes.subarray(view.start, view.end + grownBytes));
}

/** A backend that counts what is asked of the one below it. */
export class CountingBackend implements CryptoBackend {
  readonly #inner: CryptoBackend;
  /** `sign`, `verify`, `seal`, `open` in the order of the calls. */
  readonly calls: string[] = [];

  constructor(inner: CryptoBackend = BACKENDS[1]) {
    this.#inner = inner;
  }

  get name() {
    return this.#inner.name;
  }

  get p256() {
    return this.#inner.p256;
  }

  importAead(suite: SuiteName, key: Uint8Array): AeadKey {
    const inner = this.#inner.importAead(suite, key);
    return {
      suite,
      seal: (...args) => (this.calls.push("seal"), inner.seal(...args)),
      open: (...args) => (this.calls.push("open"), inner.open(...args)),
      free: () => inner.free(),
    };
  }

  importMac(key: Uint8Array): MacKey {
    const inner = this.#inner.importMac(key);
    return {
      sign: (...args) => (this.calls.push("sign"), inner.sign(...args)),
      verify: (...args) => (this.calls.push("verify"), inner.verify(...args)),
      free: () => inner.free(),
    };
  }
}
