/** `srtp.protect` and `srtp.receive`: ArcSRTP, and what the engine calls SRTP. */
import { toHex } from "../../../lib/base/bytes.ts";
import { type Fault, fault, type Parsed } from "../../../lib/base/parsed.ts";
import type { CryptoBackend } from "../../../lib/crypto/backend.ts";
import { ARMORICORE_OVERHEAD_BYTES, ArmoricoreSrtp } from "../../../lib/crypto/armoricore_srtp.ts";
import { DEFAULT_WINDOW_PACKETS, MAX_WINDOW_PACKETS } from "../../../lib/crypto/replay_window.ts";
import { SrtpStreamKeys } from "../../../lib/crypto/srtp_keys.ts";
import { SrtpSender } from "../../../lib/crypto/srtp_protect.ts";
import { SrtpReceiver } from "../../../lib/crypto/srtp_unprotect.ts";
import {
  AEAD_NONCE_BYTES,
  type Authentication,
  AUTHENTICATIONS,
  MAC_KEY_BYTES,
  SUITE_NAMES,
  SUITES,
} from "../../../lib/crypto/suites.ts";
import { ArcRtpView } from "../../../lib/packet/arcrtp.ts";
import { ArmoricoreRtpView } from "../../../lib/packet/armoricore.ts";
import { type Fields, RequestError } from "../request.ts";
import { DIALECTS } from "../rtp_json.ts";
import { type OpContext, opFault, opOk, type OpResult, type Ops, refusedEntry } from "../testee.ts";

export function srtpOps(backend: CryptoBackend): Ops {
  return {
    "srtp.protect": (request) =>
      request.oneOf("dialect", DIALECTS, "arcrtc-1.0") === "armoricore"
        ? protectArmoricore(backend, request)
        : protect(backend, request),
    "srtp.receive": (request, context) =>
      request.oneOf("dialect", DIALECTS, "arcrtc-1.0") === "armoricore"
        ? receiveArmoricore(backend, request, context)
        : receive(backend, request, context),
  };
}

/** The keys of a request: `suite`, `authentication` (`hmac-sha256-80` by default), `keys`. */
export function readStreamKeys(backend: CryptoBackend, request: Fields): SrtpStreamKeys {
  const suite = request.oneOf("suite", SUITE_NAMES);
  const authentication = request.oneOf<Authentication>("authentication", AUTHENTICATIONS, "hmac-sha256-80");
  const keys = request.object("keys");
  return new SrtpStreamKeys(backend, suite, authentication, {
    encryptionKey: keys.hexOf("encryption_key", SUITES[suite].keyBytes),
    authKey: authentication === "none" ? keys.hexOrEmpty("auth_key") : keys.hexOf("auth_key", MAC_KEY_BYTES),
    salt: keys.hexOf("salt", AEAD_NONCE_BYTES),
  });
}

/** A window's size, or the fault that says why there is no such window. SPEC ARC-SRTP-replay-window-size. */
export function readWindow(request: Fields): number | Fault {
  const window = request.integerOr("window", 0, Number.MAX_SAFE_INTEGER, DEFAULT_WINDOW_PACKETS);
  if (window >= 64 && window <= MAX_WINDOW_PACKETS && window % 64 === 0) return window;
  const path = request.pathOf("window");
  return fault("bad_value", "Cannot make replay window: need a multiple of 64 from 64 to 4096", { path }).fault;
}

/** A packet of a list: hex alone, or with the time at which it came. */
interface TimedPacket {
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

/** `packets`: hex, or `{hex, at_ms}` where time matters (SPEC ARC-SRTP-roc-resync); it starts at 0. */
function readTimedPackets(request: Fields): TimedPacket[] {
  const list = request.value("packets");
  if (!Array.isArray(list)) throw new RequestError(`${request.pathOf("packets")} must be a list`);
  if (list.every((item) => typeof item === "string")) {
    return request.hexList("packets").map((bytes) => ({ bytes, atMs: 0 }));
  }
  return request.objects("packets").map((item) => ({ bytes: item.hex("hex"), atMs: item.numberOr("at_ms", 0) }));
}

function protect(backend: CryptoBackend, request: Fields): OpResult {
  const keys = readStreamKeys(backend, request);
  const plain = request.hex("hex");
  const packet = withRoom(plain, keys.overheadBytes);
  const view = new ArcRtpView();
  if (!view.parse(packet, 0, plain.length)) return opFault(view.fault());
  const sender = new SrtpSender(view.ssrc, { startRoc: request.integerOr("roc", 0, 0xffff_ffff, 0) });
  const outcome = sender.protect(keys, view);
  return outcome === "ok" ? opOk({ hex: toHex(packet) }) : opFault(fault(outcome, "Cannot protect packet").fault);
}

function receive(backend: CryptoBackend, request: Fields, context: OpContext): OpResult {
  const keys = readStreamKeys(backend, request);
  const windowPackets = readWindow(request);
  if (typeof windowPackets !== "number") return opFault(windowPackets);
  const startRoc = request.integerOr("start_roc", 0, 0xffff_ffff, 0);
  const receivers = new Map<number, SrtpReceiver>();
  const view = new ArcRtpView();
  const results = readTimedPackets(request).map(({ bytes, atMs }) => {
    if (!view.parse(bytes)) return refusedEntry(view.fault(), context);
    let receiver = receivers.get(view.ssrc);
    if (receiver === undefined) {
      receiver = new SrtpReceiver(view.ssrc, 0, { startRoc, windowPackets });
      receivers.set(view.ssrc, receiver);
    }
    const outcome = receiver.unprotect(keys, view, atMs);
    if (outcome !== "ok") return refusedEntry({ reason: outcome }, context);
    const plainEnd = bytes.length - keys.overheadBytes;
    // Padding is inside of the ciphertext: only now can it be judged (SPEC ARC-RTP-padding-inside-ciphertext).
    if (!view.stripPadding(plainEnd)) return refusedEntry(view.fault(), context);
    return { hex: toHex(bytes.subarray(0, plainEnd)) };
  });
  return opOk({ results });
}

function readArmoricore(backend: CryptoBackend, request: Fields): Parsed<ArmoricoreSrtp> {
  return ArmoricoreSrtp.create(backend, {
    masterKey: request.hex("master_key"),
    masterSalt: request.hex("master_salt"),
    ssrc: request.u32("ssrc"),
    roc: request.integerOr("roc", 0, 0xffff_ffff, 0),
  });
}

function protectArmoricore(backend: CryptoBackend, request: Fields): OpResult {
  const srtp = readArmoricore(backend, request);
  if (!srtp.ok) return opFault(srtp.fault);
  const plain = request.hex("hex");
  const packet = withRoom(plain, ARMORICORE_OVERHEAD_BYTES);
  const view = new ArmoricoreRtpView();
  if (!view.parse(packet, 0, plain.length)) return opFault(view.fault());
  srtp.value.protect(view);
  return opOk({ hex: toHex(packet) });
}

function receiveArmoricore(backend: CryptoBackend, request: Fields, context: OpContext): OpResult {
  const srtp = readArmoricore(backend, request);
  if (!srtp.ok) return opFault(srtp.fault);
  const view = new ArmoricoreRtpView();
  const results = request.hexList("packets").map((bytes) => {
    if (!view.parse(bytes)) return refusedEntry(view.fault(), context);
    const outcome = srtp.value.unprotect(view);
    if (outcome !== "ok") return refusedEntry({ reason: outcome }, context);
    return { hex: toHex(bytes.subarray(0, bytes.length - ARMORICORE_OVERHEAD_BYTES)) };
  });
  return opOk({ results });
}

/** A copy with free bytes behind it. */
export function withRoom(bytes: Uint8Array, roomBytes: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes.length + roomBytes);
  copy.set(bytes);
  return copy;
}
