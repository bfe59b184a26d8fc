/** KEY_ROTATE and KEY_ROTATE_ACK, from both sides (SPEC 3.6, 3.7). When to rotate is the epoch machine's to know. */
import { writePublicKey } from "../crypto/ecdh.ts";
import type { RotationReason } from "../crypto/rotation_triggers.ts";
import type { EndpointContext } from "./endpoint_context.ts";
import type { KeyRotate, KeyRotateAck } from "./messages/key_rotate.ts";

export class RotationExchange {
  readonly #context: EndpointContext;

  constructor(context: EndpointContext) {
    this.#context = context;
  }

  ask(epoch: number, reason: RotationReason, nowMs: number): void {
    const { config, keys } = this.#context;
    const publicKey = keys.offer(epoch);
    this.#context.request({
      type: "KEY_ROTATE",
      session_id: config.sessionId,
      peer_id: config.peerId,
      epoch,
      encryption: { key_exchange: "ecdh-p256", public_key: writePublicKey(publicKey) },
      reason,
      proof: keys.prove("KEY_ROTATE", config.peerId, epoch, publicKey),
      timestamp: this.#context.requestTimestamp("KEY_ROTATE", undefined, nowMs),
    }, nowMs);
  }

  /** A KEY_ROTATE that is no repetition. */
  onRotate(rotate: KeyRotate, nowMs: number): void {
    const { config, keys, epochs } = this.#context;
    const { epoch, encryption, peer_id, proof, timestamp } = rotate;
    const request = { request: "rotate", epoch, timestampMs: timestamp } as const;
    const verdict = epochs?.judge(request, nowMs) ?? "bad_state";
    // The other side of a crossing: ours counts, and is repeated (SPEC ARC-KEY-rotation-crossing).
    if (verdict === "drop") return;
    if (verdict === "bad_state") {
      return this.#context.refuse(rotate, "bad_state", `epoch ${epoch} is not the next`, nowMs);
    }
    if (!keys.verify("KEY_ROTATE", peer_id, epoch, encryption.public_key, proof)) {
      return this.#context.refuse(rotate, "unauthorized", "the proof is not one of this session's peer", nowMs);
    }
    const peerKey = keys.judgePeerKey(epoch, encryption.public_key);
    if (!peerKey.ok) return this.#context.refuseFault(rotate, peerKey.fault, nowMs);
    this.#context.applyEpochs({ kind: "request", ...request }, nowMs, () => {
      const publicKey = keys.offer(epoch);
      const ack: KeyRotateAck = {
        type: "KEY_ROTATE_ACK",
        session_id: config.sessionId,
        peer_id: config.peerId,
        epoch,
        encryption: { key_exchange: "ecdh-p256", public_key: writePublicKey(publicKey) },
        proof: keys.prove("KEY_ROTATE_ACK", config.peerId, epoch, publicKey),
        timestamp: this.#context.unixMs(nowMs),
      };
      this.#make(epoch, peerKey.value);
      this.#context.answer(rotate, ack, nowMs);
    });
  }

  onRotateAck(ack: KeyRotateAck, nowMs: number): void {
    const { keys, requests } = this.#context;
    const rotate = requests.open("KEY_ROTATE");
    if (rotate?.type !== "KEY_ROTATE" || rotate.epoch !== ack.epoch) return; // late, or to a repetition
    const { epoch, encryption, peer_id, proof, timestamp } = ack;
    if (!keys.verify("KEY_ROTATE_ACK", peer_id, epoch, encryption.public_key, proof)) {
      return this.#context.refuse(ack, "unauthorized", "the proof is not one of this session's peer", nowMs);
    }
    const peerKey = keys.judgePeerKey(epoch, encryption.public_key);
    if (!peerKey.ok) return this.#context.refuseFault(ack, peerKey.fault, nowMs);
    requests.answered(rotate);
    this.#context.applyEpochs({ kind: "answer", request: "rotate", epoch, timestampMs: timestamp }, nowMs, () => {
      this.#make(epoch, peerKey.value);
    });
  }

  #make(epoch: number, peerKey: Uint8Array): void {
    const { keys, role, agreement } = this.#context;
    if (agreement === undefined) return;
    const master = keys.derive(epoch, peerKey, role === "caller", agreement.negotiated);
    this.#context.output({ kind: "epoch_made", epoch, master });
  }
}
