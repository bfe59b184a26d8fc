/** What makes a new epoch, said by Anna to Ben, who holds the keys of `party.ts`: with the right proof, or another. */
import { makeProof, type ProvenType, verifyProof } from "../../../lib/crypto/proof.ts";
import type { Json } from "../../testee/answer.ts";
import { epochs, keyText, SESSION } from "../../vectors/party.ts";
import { ANNA, annasConnect, T } from "./script.ts";

/** A KEY_ROTATE of Anna's for an epoch from 1 on. */
export function rotation(epoch: 1 | 2, atMs: number, fields: Json = {}): Json {
  return {
    type: "KEY_ROTATE",
    session_id: ANNA.sessionId,
    peer_id: ANNA.peerId,
    epoch,
    encryption: { key_exchange: "ecdh-p256", public_key: keyText(epochs()[epoch].caller) },
    reason: "manual",
    proof: proofOf("KEY_ROTATE", epoch),
    timestamp: T + atMs,
    ...fields,
  };
}

/** A CONNECT of Anna's that resumes with epoch 1. */
export function resumption(atMs: number, fields: Json = {}): Json {
  return annasConnect({
    resume: true,
    epoch: 1,
    encryption: { key_exchange: "ecdh-p256", public_key: keyText(epochs()[1].caller) },
    proof: proofOf("CONNECT", 1),
    timestamp: T + atMs,
    ...fields,
  });
}

function proofOf(type: ProvenType, epoch: 1 | 2): string {
  const all = epochs();
  const publicKey = keyText(all[epoch].caller);
  return makeProof(all[epoch - 1].master, { sessionId: SESSION, type, peerId: ANNA.peerId, epoch, publicKey });
}

/** Whether a message of Ben's proves that he holds the epoch before. */
export function isProven({ type, peer_id, epoch, encryption, proof }: Json): boolean {
  const before = epochs()[Number(epoch) - 1];
  const publicKey = String((encryption as Json | undefined)?.public_key);
  if (before === undefined) return false;
  return verifyProof(before.master, {
    sessionId: SESSION,
    type: type as ProvenType,
    peerId: String(peer_id),
    epoch: Number(epoch),
    publicKey,
  }, String(proof));
}
