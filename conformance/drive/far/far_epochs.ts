/**
 * How the other peer comes to new keys with the peer under test: rotations from either side, and the answer to a
 * resumption. Proofs and keys are right unless a case wants them otherwise; each epoch is held as soon as both halves of it
 * are known, and used where {@link FarKeys.current} says so.
 */
import { unwrap } from "../../../lib/base/parsed.ts";
import { parsePublicKey, writePublicKey } from "../../../lib/crypto/ecdh.ts";
import type { Negotiated, SessionKeys } from "../../../lib/signaling/session_keys.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import type { PeerRole } from "../peer_source.ts";
import type { World } from "../world.ts";
import type { FarKeys } from "./far_keys.ts";

type Request = Json & { readonly type: string };

export interface EpochParts {
  readonly world: World;
  readonly agreement: SessionKeys;
  readonly negotiated: Negotiated;
  /** Of the peer under test. */
  readonly role: PeerRole;
  /** What is derived goes there. */
  readonly keys: FarKeys;
  readonly peerId: string;
  readonly remotePeerId: string;
  /** Where we can be reached. */
  readonly networkInfo: Json;
  /** Sends a request by signaling; its answer. */
  readonly ask: (message: Request) => Promise<Json>;
}

export class FarEpochs {
  readonly #parts: EpochParts;

  constructor(parts: EpochParts) {
    this.#parts = parts;
  }

  // ---- rotation

  /** KEY_ROTATE of ours for the next epoch. */
  rotation(epoch = this.#parts.keys.current + 1, reason = "manual"): Request {
    const { agreement, peerId } = this.#parts;
    const publicKey = agreement.offer(epoch);
    return {
      type: "KEY_ROTATE",
      ...this.#head,
      peer_id: peerId,
      epoch,
      encryption: { key_exchange: "ecdh-p256", public_key: writePublicKey(publicKey) },
      reason,
      proof: agreement.prove("KEY_ROTATE", peerId, epoch, publicKey),
    };
  }

  /** KEY_ROTATE with a key of the case's choice, proven all the same. */
  rotationWith(encryption: Json, epoch: number): Request {
    const { agreement, peerId } = this.#parts;
    const publicKey = unwrap(parsePublicKey(String(encryption.public_key)));
    const proof = agreement.prove("KEY_ROTATE", peerId, epoch, publicKey);
    return { ...this.rotation(epoch), encryption, proof };
  }

  /** The answer to the peer's KEY_ROTATE, whose epoch we hold from then on. */
  rotationAck({ epoch, encryption }: Json): Json {
    const { agreement, peerId } = this.#parts;
    const number = Number(epoch);
    const publicKey = agreement.offer(number);
    const ack = {
      type: "KEY_ROTATE_ACK",
      ...this.#head,
      peer_id: peerId,
      epoch,
      encryption: { key_exchange: "ecdh-p256", public_key: writePublicKey(publicKey) },
      proof: agreement.prove("KEY_ROTATE_ACK", peerId, number, publicKey),
    };
    this.#make(number, (encryption as Json).public_key);
    return ack;
  }

  /** Takes the peer's answer to our KEY_ROTATE: proof and key must be right; the epoch is held, not yet used. */
  takeRotationAck(ack: Json): void {
    this.#parts.world.require(
      this.#verifies("KEY_ROTATE_ACK", ack),
      "a proof of the previous epoch in KEY_ROTATE_ACK",
      brief(ack),
    );
    this.#make(Number(ack.epoch), (ack.encryption as Json).public_key);
  }

  verifiesRotation(request: Json): boolean {
    return this.#verifies("KEY_ROTATE", request);
  }

  /** A whole rotation that we ask for; we send with the new epoch from then on. */
  async rotate(): Promise<void> {
    const { ask, keys, world } = this.#parts;
    const ack = await ask(this.rotation());
    world.require(ack.type === "KEY_ROTATE_ACK", "a KEY_ROTATE_ACK", brief(ack));
    this.takeRotationAck(ack);
    keys.current++;
  }

  // ---- resumption

  verifiesResumption(connect: Json): boolean {
    return this.#verifies("CONNECT", connect);
  }

  /** The acceptance of a resumption, whose epoch we hold and use from then on. */
  resumptionAck(connect: Json): Json {
    const { agreement, negotiated, keys, peerId, world, networkInfo } = this.#parts;
    const epoch = Number(connect.epoch);
    const { encryption: offered, authentication } = connect.capabilities as { [name: string]: string[] };
    const publicKey = agreement.offer(epoch);
    const proof = agreement.prove("CONNECT_ACK", peerId, epoch, publicKey);
    this.#make(epoch, (connect.encryption as Json).public_key, {
      ...negotiated,
      offeredEncryption: offered,
      offeredAuthentication: authentication,
    });
    keys.current = epoch;
    return {
      type: "CONNECT_ACK",
      version: "1.0",
      session_id: world.sessionId,
      peer_id: peerId,
      accepted: true,
      selected_codecs: { audio: "opus" },
      network_info: networkInfo,
      encryption: {
        algorithm: negotiated.suite,
        authentication: negotiated.authentication,
        key_exchange: "ecdh-p256",
        public_key: writePublicKey(publicKey),
      },
      epoch,
      proof,
      timestamp: world.freshTimestamp(),
    };
  }

  // ---- both

  get #head() {
    const { world } = this.#parts;
    return { session_id: world.sessionId, timestamp: world.freshTimestamp() };
  }

  #verifies(type: "KEY_ROTATE" | "KEY_ROTATE_ACK" | "CONNECT", { epoch, encryption, proof }: Json): boolean {
    const { agreement, remotePeerId } = this.#parts;
    const { public_key: publicKey } = encryption as Json;
    return agreement.verify(type, remotePeerId, Number(epoch), String(publicKey), String(proof));
  }

  #make(epoch: number, publicKeyText: unknown, negotiated = this.#parts.negotiated): void {
    const { agreement, keys, role } = this.#parts;
    const publicKey = unwrap(agreement.judgePeerKey(epoch, String(publicKeyText)));
    keys.epochMade(epoch, agreement.derive(epoch, publicKey, role === "callee", negotiated));
  }
}
