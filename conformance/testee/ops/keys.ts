/** `ecdh.agree` and `keys.*`: from a private key to the keys of a stream, each step on its own. */
import { toHex } from "../../../lib/base/bytes.ts";
import { fault, type Parsed } from "../../../lib/base/parsed.ts";
import type { CryptoBackend } from "../../../lib/crypto/backend.ts";
import {
  agree,
  keyPairFromPrivate,
  parsePublicKey,
  PRIVATE_KEY_BYTES,
  writePublicKey,
} from "../../../lib/crypto/ecdh.ts";
import {
  MASTER_KEY_BYTES,
  masterKey,
  rtcpKeys,
  type StreamKeyMaterial,
  streamKeys,
} from "../../../lib/crypto/key_schedule.ts";
import { makeProof } from "../../../lib/crypto/proof.ts";
import { SUITE_NAMES } from "../../../lib/crypto/suites.ts";
import { transcriptHash } from "../../../lib/crypto/transcript.ts";
import { parseBase64 } from "../base64.ts";
import type { Fields } from "../request.ts";
import { opFault, opOk, opParsed, type OpResult, type Ops } from "../testee.ts";

const SHARED_SECRET_BYTES = 64;
const PROVEN_TYPES = ["KEY_ROTATE", "KEY_ROTATE_ACK", "CONNECT", "CONNECT_ACK"] as const;

export function keysOps({ p256 }: CryptoBackend): Ops {
  return {
    "ecdh.agree": (request) => {
      const own = keyPairFromPrivate(request.hexOf("private_key", PRIVATE_KEY_BYTES), p256);
      if (!own.ok) return opFault(own.fault);
      const peerKey = parsePublicKey(request.text("public_key"));
      if (!peerKey.ok) return opFault(peerKey.fault);
      return opParsed(agree(own.value, peerKey.value, p256), (x) => ({
        shared_secret: toHex(x),
        public_key: writePublicKey(own.value.publicKey),
      }));
    },

    "keys.transcript": transcript,

    "keys.derive": (request) => {
      const suite = request.oneOf("suite", SUITE_NAMES);
      const master = masterKey(request.hexOf("shared_secret", SHARED_SECRET_BYTES), request.text("session_id"));
      const keys = streamKeys(master, request.text("stream_id"), suite);
      return opOk({ master_key: toHex(master), ...keysToJson(keys) });
    },

    "keys.rtcp": (request) => {
      const suite = request.oneOf("suite", SUITE_NAMES);
      return opOk(keysToJson(rtcpKeys(request.hexOf("master_key", MASTER_KEY_BYTES), request.text("peer_id"), suite)));
    },

    "keys.proof": (request) =>
      opOk({
        proof: makeProof(request.hexOf("master_key", MASTER_KEY_BYTES), {
          sessionId: request.text("session_id"),
          type: request.oneOf("type", PROVEN_TYPES),
          peerId: request.text("peer_id"),
          epoch: request.u32("epoch"),
          publicKey: request.text("public_key"),
        }),
      }),
  };
}

/** As `keys` of the srtp ops takes them. */
function keysToJson({ encryptionKey, authKey, salt }: StreamKeyMaterial): object {
  return { encryption_key: toHex(encryptionKey), auth_key: toHex(authKey), salt: toHex(salt) };
}

function transcript(request: Fields): OpResult {
  const callerKey = parseAt(request, "caller_key", parsePublicKey);
  if (!callerKey.ok) return opFault(callerKey.fault);
  const calleeKey = parseAt(request, "callee_key", parsePublicKey);
  if (!calleeKey.ok) return opFault(calleeKey.fault);
  const callerCertificate = parseAt(request, "caller_certificate", parseBase64);
  if (!callerCertificate.ok) return opFault(callerCertificate.fault);
  const calleeCertificate = parseAt(request, "callee_certificate", parseBase64);
  if (!calleeCertificate.ok) return opFault(calleeCertificate.fault);
  const previous = request.hexOrEmpty("previous_master_key");
  const offeredAuthentication = request.has("offered_authentication")
    ? request.texts("offered_authentication")
    : undefined;
  const fields = {
    sessionId: request.text("session_id"),
    epoch: request.u32("epoch"),
    callerPeerId: request.text("caller_peer_id"),
    calleePeerId: request.text("callee_peer_id"),
    callerKey: callerKey.value,
    calleeKey: calleeKey.value,
    callerCertificate: callerCertificate.value,
    calleeCertificate: calleeCertificate.value,
    offeredEncryption: request.texts("offered_encryption"),
    offeredAuthentication,
    suite: request.text("suite"),
    authentication: request.text("authentication"),
    previousMasterKey: previous.length === 0 ? previous : request.hexOf("previous_master_key", MASTER_KEY_BYTES),
  };
  try {
    return opOk({ transcript: toHex(transcriptHash(fields)) });
  } catch (error) {
    // An item beyond 65,535 bytes: no message carries one, a request can.
    if (error instanceof RangeError) return opFault(fault("too_large", error.message).fault);
    throw error;
  }
}

/** The fault of a field, with the field's path in it. An absent field is the empty text. */
function parseAt<T>(request: Fields, name: string, parse: (text: string) => Parsed<T>): Parsed<T> {
  const parsed = parse(request.textOr(name, ""));
  return parsed.ok ? parsed : { ok: false, fault: { ...parsed.fault, path: request.pathOf(name) } };
}
