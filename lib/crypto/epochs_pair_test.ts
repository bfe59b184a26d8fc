/**
 * Two epoch machines over a lossy, reordering network on virtual time, with tokens in the place of keys: whatever gets
 * lost, both peers end up with the same keys, and a packet is only ever opened with the key that it was made with.
 */
import assert from "node:assert/strict";
import { below, SeededRng, unit } from "../base/rng.ts";
import { EpochMachine, type EpochOutput, type EpochRequest } from "./epochs.ts";

interface RequestMessage {
  readonly kind: "request";
  readonly id: number;
  readonly request: EpochRequest;
  readonly epoch: number;
  readonly key: string;
  readonly proof: string;
  readonly timestampMs: number;
}
interface AnswerMessage {
  readonly kind: "answer";
  readonly id: number;
  readonly request: EpochRequest;
  readonly epoch: number;
  readonly key: string;
  readonly proof: string;
  readonly timestampMs: number;
}
interface ErrorMessage {
  readonly kind: "error";
  readonly id: number;
}
interface PacketMessage {
  readonly kind: "packet";
  readonly keyPhase: number;
  readonly master: string;
}
type Message = RequestMessage | AnswerMessage | ErrorMessage | PacketMessage;

interface OwnRequest {
  readonly message: RequestMessage;
  triesLeft: number;
  nextTryMs: number;
  backoffMs: number;
}

/** As much of a session as the machine needs around it: keys by epoch, proofs, repetition, and memory of answers. */
class Peer {
  readonly machine: EpochMachine;
  readonly masters = new Map<number, string>([[0, "master 0"]]);
  readonly packetKeys = new Map<number, string>([[0, "master 0"]]);
  readonly #answers = new Map<number, AnswerMessage>();
  readonly #name: string;
  readonly #send: (message: Message) => void;
  #asked: OwnRequest | undefined;
  #nextId = 0;
  #lastStampMs = 0;
  /** Leaves it to the other to resume when media stops; signaling that fails it cannot overlook. */
  readonly isPassive: boolean;
  resumeAtMs = Infinity;
  lastHeardMs = 0;
  undecryptable = 0;

  constructor(name: string, other: string, isPassive: boolean, send: (message: Message) => void) {
    this.#name = name;
    this.isPassive = isPassive;
    this.#send = send;
    this.machine = new EpochMachine(name, other, 0, { automaticSpacingMs: 2000 });
  }

  get sendMaster(): string | undefined {
    return this.packetKeys.get(this.machine.sendEpoch);
  }

  sendPacket(): void {
    const master = this.sendMaster;
    assert.ok(master !== undefined, `${this.#name} sends with epoch ${this.machine.sendEpoch}, which has no key`);
    this.#send({ kind: "packet", keyPhase: this.machine.sendEpoch & 3, master });
  }

  receive(message: Message, nowMs: number): void {
    switch (message.kind) {
      case "packet": {
        const epoch = this.machine.epochOfPhase(message.keyPhase);
        if (epoch < 0) return;
        const master = this.packetKeys.get(epoch);
        assert.ok(master !== undefined, `${this.#name} holds epoch ${epoch} without a key`);
        if (master !== message.master) {
          this.undecryptable++;
          return;
        }
        this.lastHeardMs = nowMs;
        this.machine.authenticated(epoch, nowMs);
        this.#obey(nowMs);
        return;
      }
      case "request":
        return this.#receiveRequest(message, nowMs);
      case "answer": {
        const asked = this.#asked?.message;
        const previous = this.masters.get(message.epoch - 1);
        if (asked?.id !== message.id || previous === undefined || message.proof !== `${previous}:${message.key}`) {
          return;
        }
        this.#asked = undefined;
        this.machine.handle(message, nowMs);
        this.#obey(nowMs, derive(previous, asked.key, message.key));
        return;
      }
      case "error":
        if (this.#asked?.message.id === message.id) this.#fail(nowMs);
        return;
    }
  }

  #receiveRequest(message: RequestMessage, nowMs: number): void {
    const remembered = this.#answers.get(message.id);
    if (remembered) return this.#send(remembered);
    const verdict = this.machine.judge(message, nowMs);
    if (verdict === "drop") return;
    const previous = this.masters.get(message.epoch - 1);
    if (verdict === "bad_state" || previous === undefined || message.proof !== `${previous}:${message.key}`) {
      return this.#send({ kind: "error", id: message.id });
    }
    const key = `${this.#name}${this.#nextId++}`;
    this.machine.handle(message, nowMs);
    this.#obey(nowMs, derive(previous, message.key, key));
    const { id, request, epoch } = message;
    const proof = `${previous}:${key}`;
    const answer: AnswerMessage = { kind: "answer", id, request, epoch, key, proof, timestampMs: this.#stamp(nowMs) };
    this.#answers.set(id, answer);
    this.#send(answer);
  }

  tick(nowMs: number): void {
    if ((this.machine.nextTimeoutMs() ?? Infinity) <= nowMs) {
      this.machine.handle({ kind: "timeout" }, nowMs);
      this.#obey(nowMs);
    }
    const isDeaf = !this.isPassive && nowMs - this.lastHeardMs > 3000;
    if (isDeaf || nowMs >= this.resumeAtMs) this.resume(nowMs);
    const asked = this.#asked;
    if (asked === undefined || nowMs < asked.nextTryMs) return;
    if (asked.triesLeft === 0) return this.#fail(nowMs);
    asked.triesLeft--;
    asked.backoffMs *= 2;
    asked.nextTryMs = nowMs + asked.backoffMs;
    this.#send(asked.message);
  }

  want(reason: "manual" | "security_event", nowMs: number): void {
    this.machine.handle({ kind: "wanted", reason }, nowMs);
    this.#obey(nowMs);
  }

  resume(nowMs: number): void {
    this.resumeAtMs = Infinity;
    this.lastHeardMs = nowMs;
    this.machine.handle({ kind: "resume" }, nowMs);
    this.#obey(nowMs);
  }

  /** Timestamps tell messages apart, so that no two are alike. */
  #stamp(nowMs: number): number {
    this.#lastStampMs = Math.max(nowMs, this.#lastStampMs + 1);
    return this.#lastStampMs;
  }

  #fail(nowMs: number): void {
    const asked = this.#asked?.message;
    if (asked === undefined) return;
    this.#asked = undefined;
    this.machine.handle({ kind: "failed", request: asked.request, epoch: asked.epoch }, nowMs);
    this.#obey(nowMs);
    // Who gets no answer has lost its signaling.
    if (this.#asked === undefined) this.resumeAtMs = nowMs + 1000;
  }

  /** Does what the machine says; `master` is the key of the epoch that an answer, given or got, has just made. */
  #obey(nowMs: number, master?: string): void {
    const install = (epoch: number) => {
      if (master === undefined || epoch !== this.machine.newestEpoch) return;
      this.masters.set(epoch, master);
      this.packetKeys.set(epoch, master);
    };
    for (let output = this.machine.poll(); output; output = this.machine.poll()) this.#obeyOne(output, install, nowMs);
  }

  #obeyOne(output: EpochOutput, install: (epoch: number) => void, nowMs: number): void {
    switch (output.kind) {
      case "ask": {
        const previous = this.masters.get(output.epoch - 1);
        assert.ok(previous !== undefined, `${this.#name} has to prove epoch ${output.epoch - 1} and cannot`);
        const id = this.#nextId++ * 2 + (this.#name === "a" ? 0 : 1);
        const key = `${this.#name}${id}`;
        const { request, epoch } = output;
        const proof = `${previous}:${key}`;
        const timestampMs = this.#stamp(nowMs);
        const message: RequestMessage = { kind: "request", id, request, epoch, key, proof, timestampMs };
        this.#asked = { message, triesLeft: 5, backoffMs: 200, nextTryMs: nowMs + 200 };
        this.#send(message);
        return;
      }
      case "abandon":
        this.#asked = undefined;
        return;
      case "answer":
      case "send":
        return install(output.epoch);
      case "confirm":
        this.masters.delete(output.epoch - 1);
        return;
      case "discard":
        this.masters.delete(output.epoch);
        this.packetKeys.delete(output.epoch);
        return;
      case "retire":
        this.packetKeys.delete(output.epoch);
        return;
      case "refuse":
      case "stop":
        return;
    }
  }
}

function derive(previous: string, initiatorKey: string, responderKey: string): string {
  let hash = 0;
  for (const char of `${previous}|${initiatorKey}|${responderKey}`) {
    hash = (Math.imul(hash, 31) + char.charCodeAt(0)) | 0;
  }
  return `master ${hash >>> 0} of ${initiatorKey}, ${responderKey}`;
}

interface Storm {
  readonly seed: number;
  readonly loss: number;
  readonly rotations: number;
  readonly resumptions: number;
  /** Only this peer watches the media. */
  readonly active?: "a" | "b";
}

const STORM_MS = 20_000;
const CALM_MS = 25_000;
const END_MS = STORM_MS + CALM_MS;

/** Runs the pair through a storm and a calm; answers how many epochs it made. */
function weather({ seed, loss, rotations, resumptions, active }: Storm): number {
  const rng = new SeededRng(seed);
  const inFlight: { atMs: number; to: 0 | 1; message: Message }[] = [];
  let nowMs = 0;
  const wire = (to: 0 | 1) => (message: Message) => {
    if (nowMs < STORM_MS && unit(rng) < loss) return;
    inFlight.push({ atMs: nowMs + 5 + below(rng, 60), to, message });
  };
  const peers = [new Peer("a", "b", active === "b", wire(1)), new Peer("b", "a", active === "a", wire(0))] as const;
  for (; nowMs < END_MS; nowMs += 10) {
    for (let i = 0; i < inFlight.length;) {
      if (inFlight[i].atMs > nowMs) i++;
      else {
        const [{ to, message }] = inFlight.splice(i, 1);
        peers[to].receive(message, nowMs);
      }
    }
    for (const peer of peers) {
      peer.tick(nowMs);
      if (nowMs % 40 === 0) peer.sendPacket();
      if (nowMs >= STORM_MS) continue;
      const chance = unit(rng) * (STORM_MS / 10);
      if (chance < rotations) peer.want(chance < rotations / 2 ? "manual" : "security_event", nowMs);
      else if (chance < rotations + resumptions && !peer.isPassive) peer.resume(nowMs);
    }
  }
  const [a, b] = peers;
  const story = `seed ${seed}, loss ${loss}: a sends ${a.machine.sendEpoch}, b sends ${b.machine.sendEpoch}`;
  assert.equal(a.machine.sendEpoch, b.machine.sendEpoch, story);
  assert.equal(a.sendMaster, b.sendMaster, story);
  assert.ok(nowMs - a.lastHeardMs < 500 && nowMs - b.lastHeardMs < 500, `${story}: media does not flow`);
  for (const peer of peers) {
    assert.deepEqual(peer.machine.trialOrder, [peer.machine.sendEpoch], `${story}: old epochs are left`);
    assert.deepEqual([...peer.packetKeys.keys()], [peer.machine.sendEpoch], `${story}: old keys are left`);
    assert.deepEqual([...peer.masters.keys()], [peer.machine.sendEpoch], `${story}: old master keys are left`);
  }
  return a.machine.sendEpoch;
}

Deno.test("ARC-KEY-rotation-previous-master, ARC-KEY-rotation-key-erased: peers agree after every storm", () => {
  let epochs = 0;
  for (let seed = 1; seed <= 60; seed++) {
    epochs += weather({ seed, loss: (seed % 7) / 10, rotations: 12, resumptions: seed % 3 === 0 ? 4 : 0 });
  }
  assert.ok(epochs > 300, `${epochs} epochs were made: the storm was too mild to tell anything`);
});

Deno.test("ARC-KEY-rotation-crossing: peers that ask at the same time, again and again, agree", () => {
  let epochs = 0;
  for (let seed = 100; seed < 130; seed++) epochs += weather({ seed, loss: 0.1, rotations: 200, resumptions: 0 });
  assert.ok(epochs > 300, `${epochs} epochs`);
});

Deno.test("epochs: peers that keep resuming under loss agree in the end", () => {
  let epochs = 0;
  for (let seed = 200; seed < 230; seed++) epochs += weather({ seed, loss: 0.5, rotations: 4, resumptions: 30 });
  assert.ok(epochs > 100, `${epochs} epochs`);
});

for (const active of ["a", "b"] as const) {
  Deno.test(`epochs: it is enough that one peer resumes, ${active}`, () => {
    let epochs = 0;
    for (let seed = 300; seed < 330; seed++) {
      epochs += weather({ seed, loss: 0.5, rotations: 12, resumptions: 6, active });
    }
    assert.ok(epochs > 100, `${epochs} epochs`);
  });
}
