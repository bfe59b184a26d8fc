/**
 * The suite as the caller in scripts of `signaling.run` that need keys: it has its own and says what it likes. A run begins
 * anew with each request, so the testee has fixed private keys, and every request repeats what was said before.
 */
import type { Rng } from "../../../lib/base/rng.ts";
import { unwrap } from "../../../lib/base/parsed.ts";
import { defaultBackend } from "../../../lib/crypto/backend_choice.ts";
import { parsePublicKey, writePublicKey } from "../../../lib/crypto/ecdh.ts";
import { makeProof, type ProvenType } from "../../../lib/crypto/proof.ts";
import { SessionKeys } from "../../../lib/signaling/session_keys.ts";
import type { Check } from "../../case.ts";
import type { Voice } from "../../drive/world.ts";
import { answersWith } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { SESSION } from "../../vectors/party.ts";
import { connect, streamStart, streamStop } from "../messages.ts";
import { ANNA, at, BEN, type Input, messagesOf, NOTHING, readRun, refusalsIn, runOf, T } from "./script.ts";

/** The testee's, in the order of use. */
const PRIVATE_KEYS = ["02", "03", "04", "05", "06"].map((byte) => byte.repeat(32));
export const SUITE = "aes-128-gcm";
const AUTHENTICATION = "hmac-sha256-80";
/** What every CONNECT offers unless a case wants something else. */
const OFFER = { codecs: ["opus", "vp9"], resolutions: [], encryption: [SUITE], transport: ["udp"] };

/** A run with the testee as callee, or as caller. */
export function signalingRun(
  inputs: readonly Input[],
  { role = "callee", config = {} }: { readonly role?: "caller" | "callee"; readonly config?: Json } = {},
) {
  const { peerId: peer_id } = role === "caller" ? ANNA : BEN;
  return runOf({ role, config: { session_id: SESSION, peer_id, private_keys: PRIVATE_KEYS, ...config }, inputs });
}

/** Messages that the testee sent, of one type. */
export function sentOf(value: Json, type: string): readonly Json[] {
  return messagesOf(readRun(value) ?? NOTHING, type).map(({ message }) => message);
}

/** The codes of the ERRORs that the testee sent, and of refusals in CONNECT_ACK. */
export function refusalsOf(value: Json): readonly string[] {
  return refusalsIn(readRun(value) ?? NOTHING);
}

/** An expectation: the last thing that was said is refused with this code, once. */
export function refusedWith(code: string) {
  return answersWith(`a refusal with ${code}`, (value) => {
    const codes = refusalsOf(value);
    return codes.join() === code ? undefined : `the refusals are [${codes}]`;
  });
}

/** An expectation: so many messages of a type, and no refusal. */
export function sends(type: string, times = 1) {
  return answersWith(`${times} ${type} and no refusal`, (value) => {
    const codes = refusalsOf(value);
    if (codes.length > 0) return `the refusals are [${codes}]`;
    const got = sentOf(value, type).length;
    return got === times ? undefined : `${got} are sent`;
  });
}

/** The suite as the caller. */
export class SuiteCaller {
  readonly peerId: string;
  readonly calleeId: string;
  readonly #keys: SessionKeys;
  readonly #certificate: Uint8Array | undefined;
  #connectKey = "";

  /** As one of the two, the testee is the other. `certificate`: DER of the one that its identities have, see {@link connect}. */
  constructor(rng: Rng, { peerId }: Voice = ANNA, certificate?: Uint8Array) {
    this.peerId = peerId;
    this.#certificate = certificate;
    this.calleeId = (peerId === ANNA.peerId ? BEN : ANNA).peerId;
    this.#keys = new SessionKeys(SESSION, rng, defaultBackend().p256);
    this.#connectKey = writePublicKey(this.#keys.offer(0));
  }

  get publicKey(): string {
    return this.#connectKey;
  }

  connect(capabilities: Json = {}, more: Json = {}): Json {
    return connect({ sessionId: SESSION, peerId: this.peerId }, T, {
      capabilities: { ...OFFER, ...capabilities },
      encryption: { key_exchange: "ecdh-p256", public_key: this.#connectKey },
      ...more,
    });
  }

  /**
   * Takes the key of an accepted CONNECT_ACK or a KEY_ROTATE_ACK; the epoch is made, with the offer of the last CONNECT
   * that was accepted.
   */
  took(epoch: number, answer: Json, offeredEncryption: readonly string[] = [SUITE]): void {
    const { public_key } = answer.encryption as Json;
    const { peerId: callerPeerId, calleeId: calleePeerId } = this;
    this.#keys.derive(epoch, unwrap(parsePublicKey(String(public_key))), true, {
      callerPeerId,
      calleePeerId,
      callerCertificate: this.#certificate,
      offeredEncryption,
      suite: SUITE,
      authentication: AUTHENTICATION,
    });
  }

  /** KEY_ROTATE, right but for `changes`, which the proof does not know of. */
  rotate(epoch: number, atMs: number, changes: Json = {}): Json {
    const key = writePublicKey(this.#keys.offer(epoch));
    return {
      ...this.#request("KEY_ROTATE", epoch, key, atMs),
      reason: "manual",
      ...changes,
    };
  }

  /** KEY_ROTATE with a key of one's choice and a proof that fits it. */
  rotateTo(epoch: number, atMs: number, key: string): Json {
    return { ...this.#request("KEY_ROTATE", epoch, key, atMs), reason: "manual" };
  }

  /** A CONNECT that resumes, right but for `changes`. */
  resume(epoch: number, atMs: number, capabilities: Json = {}, changes: Json = {}): Json {
    const key = writePublicKey(this.#keys.offer(epoch));
    const { encryption, proof, timestamp } = this.#request("CONNECT", epoch, key, atMs);
    return this.connect(capabilities, { encryption, proof, timestamp, resume: true, epoch, ...changes });
  }

  /** The proof that an answer to an epoch must carry. */
  proofOf(type: ProvenType, epoch: number, answer: Json): string {
    const { public_key } = answer.encryption as Json;
    return this.#proof(type, this.calleeId, epoch, String(public_key), epoch - 1);
  }

  #request(type: "KEY_ROTATE" | "CONNECT", epoch: number, key: string, atMs: number): Json {
    return {
      type,
      session_id: SESSION,
      peer_id: this.peerId,
      epoch,
      encryption: { key_exchange: "ecdh-p256", public_key: key },
      // An epoch that is not the next has no previous key: the newest is as good as any.
      proof: this.#proof(type, this.peerId, epoch, key, Math.min(epoch - 1, this.#keys.epochs.at(-1) ?? 0)),
      timestamp: T + atMs,
    };
  }

  #proof(type: ProvenType, peerId: string, epoch: number, publicKey: string, before: number): string {
    const previous = this.#keys.master(Math.max(0, before));
    if (previous === undefined) throw new Error(`no epoch ${before} was made`);
    return makeProof(previous, { sessionId: SESSION, type, peerId, epoch, publicKey });
  }
}

/**
 * A check that connects the suite to a callee; `then` gets the caller and what it has said so far. `more` goes into the
 * CONNECT, `config` into that of the testee.
 */
export function connected(
  caller: SuiteCaller,
  then: (said: readonly Input[], ack: Json) => readonly Check[],
  { more = {}, config = {} }: { readonly more?: Json; readonly config?: Json } = {},
): readonly Check[] {
  const said = [{ at_ms: 0, message: caller.connect({}, more) }];
  return [{
    name: "CONNECT",
    request: signalingRun(said, { config: { peer_id: caller.calleeId, ...config } }),
    ...sends("CONNECT_ACK"),
    then: (value) => {
      const [ack] = sentOf(value, "CONNECT_ACK");
      caller.took(0, ack);
      return then(said, ack);
    },
  }];
}

/** {@link connected} with a caller of whom nothing more is needed. */
export function afterConnect(rng: Rng, then: (said: readonly Input[]) => readonly Check[]): readonly Check[] {
  return connected(new SuiteCaller(rng), then);
}

/** STREAM_START of an Opus stream of the caller's, with the SSRC 1. */
export function start(at_ms: number, more: Json = {}): Input {
  return at(at_ms, streamStart(ANNA, T + at_ms, { ssrc: 1, ...more }));
}

export function stop(at_ms: number): Input {
  return at(at_ms, streamStop(ANNA, T + at_ms));
}
