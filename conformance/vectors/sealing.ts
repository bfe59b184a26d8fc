/** Protects packets of the cases with the library, one by one and at any index. */
import { toHex } from "../../lib/base/bytes.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { rtcpKeys, type StreamKeyMaterial, streamKeys } from "../../lib/crypto/key_schedule.ts";
import { srtcpOverheadBytes, SrtcpSender } from "../../lib/crypto/srtcp.ts";
import { SrtpStreamKeys } from "../../lib/crypto/srtp_keys.ts";
import { SrtpSender } from "../../lib/crypto/srtp_protect.ts";
import { writePacketNonce } from "../../lib/crypto/packet_index.ts";
import type { Authentication, SuiteName } from "../../lib/crypto/suites.ts";
import { ArcRtpView } from "../../lib/packet/arcrtp.ts";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { unwrapHex } from "./bytes.ts";
import type { Json } from "./case.ts";
import { CALLER, epochs, keysJson, STREAM } from "./party.ts";
import { u32 } from "./wire.ts";

/** Keys with the names of their algorithms: the common part of a request. */
export interface Protection {
  readonly suite: SuiteName;
  readonly authentication: Authentication;
  readonly material: StreamKeyMaterial;
}

/** The stream's keys of an epoch of the session, the first unless told. */
export function mediaProtection(suite: SuiteName, authentication: Authentication, epoch: 0 | 1 | 2 = 0): Protection {
  return { suite, authentication, material: streamKeys(epochs()[epoch].master, STREAM, suite) };
}

/** The caller's keys for RTCP. */
export function rtcpProtection(suite: SuiteName, authentication: Authentication, epoch: 0 | 1 | 2 = 0): Protection {
  return { suite, authentication, material: rtcpKeys(epochs()[epoch].master, CALLER, suite) };
}

export function protectionJson({ suite, authentication, material }: Protection): Json {
  return { suite, authentication, keys: keysJson(material) };
}

function importKeys({ suite, authentication, material }: Protection): SrtpStreamKeys {
  return new SrtpStreamKeys(nobleBackend, suite, authentication, material);
}

/** The packet protected under `roc`, whatever was protected before. */
export function protect(protection: Protection, plain: string, roc = 0): string {
  const keys = importKeys(protection);
  const { bytes, view } = withRoom(plain, keys.overheadBytes);
  const outcome = new SrtpSender(view.ssrc, { startRoc: roc }).protect(keys, view);
  if (outcome !== "ok") throw new Error(`Cannot protect ${plain}: ${outcome}`);
  return toHex(bytes);
}

/** What goes into the protection of a packet, and the whole of the MAC that is cut to 10 bytes. */
export function protectTrace(protection: Protection, plain: string, wire: string, roc = 0): Json {
  const { view } = withRoom(plain, 0);
  const nonce = new Uint8Array(12);
  writePacketNonce(nonce, protection.material.salt, view.ssrc, roc, view.sequenceNumber);
  const aad = plain.slice(0, view.headerEnd * 2);
  if (protection.authentication === "none") return { nonce: toHex(nonce), aad };
  const mac = hmac(sha256, protection.material.authKey, unwrapHex(wire.slice(0, -20) + u32(roc)));
  return { nonce: toHex(nonce), aad, hmac: toHex(mac) };
}

function withRoom(plain: string, roomBytes: number) {
  const packet = unwrapHex(plain);
  const bytes = new Uint8Array(packet.length + roomBytes);
  bytes.set(packet);
  const view = new ArcRtpView();
  if (!view.parse(bytes, 0, packet.length)) throw new Error(`Cannot protect ${plain}: it does not parse`);
  return { bytes, view };
}

/** The compound protected under `index`. */
export function protectRtcp(protection: Protection, plain: string, index = 0): string {
  const keys = importKeys(protection);
  const compound = unwrapHex(plain);
  const bytes = new Uint8Array(compound.length + srtcpOverheadBytes(keys));
  bytes.set(compound);
  const ssrc = parseInt(plain.slice(8, 16), 16);
  const outcome = new SrtcpSender(ssrc, index).protect(keys, bytes, 0, compound.length);
  if (outcome !== "ok") throw new Error(`Cannot protect ${plain}: ${outcome}`);
  return toHex(bytes);
}
