/** A relay on virtual time with peers around it; for tests. */
import assert from "node:assert/strict";
import { PacketBatch } from "../../base/batch.ts";
import { utf8 } from "../../base/bytes.ts";
import { SeededRng } from "../../base/rng.ts";
import { NIL_UUID } from "../../base/uuid.ts";
import { nobleBackend } from "../../crypto/backend_noble.ts";
import { issueRelayToken, makeRelayProof, parseRelayToken } from "../../crypto/relay_token.ts";
import { unwrap } from "../../base/parsed.ts";
import { MAX_UNIT_BYTES } from "../../packet/demux.ts";
import { writeArcRtp } from "../../packet/arcrtp.ts";
import type { Message, MessageByType } from "../../signaling/messages/registry.ts";
import { parseMessage, writeMessage } from "../../signaling/parse_message.ts";
import type { RelayLimits } from "../limits.ts";
import { Relay } from "../relay.ts";
import type { RelayAddresses, RelaySource } from "../relay_addresses.ts";

/** Unix time at `nowMs` 0: the beginning of a minute. */
export const START_UNIX_MS = 1_700_000_040_000;

export const SECRET: Uint8Array = utf8("relay secret of thirty-two bytes");

/** `00000000-0000-4000-8000-` and the number. */
export function uuidOf(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
}

export const SESSION = uuidOf(0xa0);
export const CALLER = uuidOf(0xc1);
export const CALLEE = uuidOf(0xc2);

export class FakeAddresses implements RelayAddresses {
  readonly capacity: number;
  readonly sources: RelaySource[] = [];
  readonly pinned = new Map<number, number>();

  constructor(capacity = 1024) {
    this.capacity = capacity;
  }

  add(ip: string, port: number, transport: RelaySource["transport"] = "udp"): number {
    assert.ok(this.sources.length < this.capacity, "the test needs more addresses");
    return this.sources.push({ ip, port, limitKey: ip, transport }) - 1;
  }

  describe(address: number): RelaySource | undefined {
    return this.sources[address];
  }

  pin(address: number): void {
    this.pinned.set(address, (this.pinned.get(address) ?? 0) + 1);
  }

  unpin(address: number): void {
    const left = (this.pinned.get(address) ?? 0) - 1;
    assert.ok(left >= 0, "unpinned what was not pinned");
    if (left === 0) this.pinned.delete(address);
    else this.pinned.set(address, left);
  }
}

/** A unit that left the relay. */
export interface Sent {
  readonly to: number;
  readonly unit: Uint8Array;
}

export interface BindTweak {
  readonly sessionId?: string;
  readonly peerId?: string;
  readonly expiresS?: number;
  readonly secret?: Uint8Array;
  readonly nonce?: string;
  readonly proof?: string;
  readonly timestamp?: number;
}

export class RelayWorld {
  readonly addresses: FakeAddresses;
  readonly relay: Relay;
  nowMs = 0;
  readonly #in = new PacketBatch(64);
  readonly #out = new PacketBatch(64, MAX_UNIT_BYTES);
  #timestamp = START_UNIX_MS;

  constructor(limits: Partial<RelayLimits> = {}, seed = 1, addresses = new FakeAddresses()) {
    this.addresses = addresses;
    this.relay = new Relay({
      relayId: "relay-1",
      secret: SECRET,
      unixOffsetMs: START_UNIX_MS,
      addresses,
      crypto: nobleBackend,
      rng: new SeededRng(seed),
      limits,
      nowMs: 0,
    });
  }

  /** Gives the relay units in one batch and answers all that leaves it, in order. */
  receive(units: readonly { readonly from: number; readonly unit: Uint8Array }[]): Sent[] {
    const batch = this.#in;
    batch.clear();
    for (const { from, unit } of units) assert.ok(batch.push(unit, from), "the unit does not fit the test's batch");
    this.relay.packets(batch, this.nowMs);
    return [...sentIn(batch), ...this.flush()];
  }

  send(from: number, unit: Uint8Array | Message): Sent[] {
    return this.receive([{ from, unit: unit instanceof Uint8Array ? unit : utf8(writeMessage(unit)) }]);
  }

  /** Answers and waiting packets that are due now. */
  flush(): Sent[] {
    const sent: Sent[] = [];
    for (;;) {
      this.#out.clear();
      if (this.relay.pollAnswers(this.#out) + this.relay.pollPackets(this.#out, this.nowMs) === 0) return sent;
      sent.push(...sentIn(this.#out));
    }
  }

  /** Moves time on, waking the relay when it says. */
  advance(ms: number): Sent[] {
    const untilMs = this.nowMs + ms;
    const sent: Sent[] = [];
    for (let steps = 0;; steps++) {
      const dueMs = this.relay.nextTimeoutMs();
      if (dueMs === undefined || dueMs > untilMs) break;
      assert.ok(steps < 1_000_000, "the relay spins");
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.relay.timeout(this.nowMs);
      sent.push(...this.flush());
    }
    this.nowMs = untilMs;
    return sent;
  }

  /** A new one for each message, as a peer's clock gives them. */
  timestamp(): number {
    return ++this.#timestamp;
  }

  bindMessage(tweak: BindTweak = {}): MessageByType["RELAY_BIND"] {
    const { sessionId = SESSION, peerId = CALLER, expiresS = START_UNIX_MS / 1000 + 3600, nonce } = tweak;
    const token = unwrap(parseRelayToken(issueRelayToken(tweak.secret ?? SECRET, { sessionId, peerId, expiresS })));
    return {
      type: "RELAY_BIND",
      session_id: sessionId,
      peer_id: peerId,
      expires: expiresS,
      ...(nonce === undefined
        ? {}
        : { nonce, proof: tweak.proof ?? makeRelayProof(token.tag, nonce, sessionId, peerId) }),
      timestamp: tweak.timestamp ?? this.timestamp(),
    };
  }

  /** The nonce that the relay gives an address. */
  nonce(address: number): string {
    const answer = onlyMessage(this.send(address, this.bindMessage()), address);
    assert.equal(answer.type, "RELAY_CHALLENGE");
    return answer.type === "RELAY_CHALLENGE" ? answer.nonce : "";
  }

  /** The whole binding; answers the relay's last word. */
  bind(address: number, tweak: BindTweak = {}): Message {
    return onlyMessage(this.send(address, this.bindMessage({ nonce: this.nonce(address), ...tweak })), address);
  }

  unbind(address: number, tweak: BindTweak = {}): Message {
    const message = { ...this.bindMessage({ nonce: this.nonce(address), ...tweak }), type: "RELAY_UNBIND" } as const;
    return onlyMessage(this.send(address, message), address);
  }

  /** Two bound peers of the session. */
  pair(sessionId = SESSION, transport: RelaySource["transport"] = "udp"): { caller: number; callee: number } {
    const n = this.addresses.sources.length;
    const caller = this.addresses.add(`192.0.2.${1 + (n % 250)}`, 5000 + n, transport);
    const callee = this.addresses.add(`198.51.100.${1 + (n % 250)}`, 6000 + n, transport);
    assert.equal(this.bind(caller, { sessionId, peerId: CALLER }).type, "RELAY_BOUND");
    assert.equal(this.bind(callee, { sessionId, peerId: CALLEE }).type, "RELAY_BOUND");
    return { caller, callee };
  }
}

function sentIn(batch: PacketBatch): Sent[] {
  return Array.from({ length: batch.size }, (_, i) => ({ to: batch.addresses[i], unit: batch.packet(i).slice() }));
}

/** The one message that was sent, to `address`. */
export function onlyMessage(sent: readonly Sent[], address: number): Message {
  assert.equal(sent.length, 1, `expected one message, got ${sent.length}`);
  assert.equal(sent[0].to, address);
  return unwrap(parseMessage(sent[0].unit));
}

/** A media packet with a full header. */
export function media(priority: number, sequenceNumber: number, bytes = 200, ssrc = 0x1000 + priority): Uint8Array {
  const unit = new Uint8Array(bytes);
  const fields = { marker: false, payloadType: 111, sequenceNumber, timestamp: 960 * sequenceNumber, ssrc };
  const block = { quality: 0, priority, keyPhase: 0 };
  writeArcRtp({ ...fields, ...block, payload: new Uint8Array(bytes - 16).fill(sequenceNumber) }, unit, 0);
  return unit;
}

/** The same with a reduced header, as it looks to a relay. */
export function reducedMedia(priority: number, contextId: number, bytes = 100): Uint8Array {
  const unit = new Uint8Array(bytes).fill(7);
  unit[0] = 0xc0 | (priority << 3) | contextId;
  return unit;
}

export function rtcp(ssrc = 0x1000, bytes = 60): Uint8Array {
  const unit = new Uint8Array(bytes).fill(9);
  unit.set([0x80, 201, 0, 1, ssrc >>> 24, ssrc >>> 16, ssrc >>> 8, ssrc]);
  return unit;
}

/** Looks like a sealed message to whoever has not its key. */
export function sealed(message = `{"type":"HEARTBEAT","session_id":"${SESSION}"}`): Uint8Array {
  const json = utf8(message);
  const unit = new Uint8Array(json.length + 23).fill(0x5a);
  unit.set(json);
  unit[json.length] = 0;
  return unit;
}

export function nilHeartbeat(padBytes: number, timestamp = START_UNIX_MS): MessageByType["HEARTBEAT"] {
  return {
    type: "HEARTBEAT",
    session_id: NIL_UUID,
    sequence: 1,
    challenge: "0123456789abcdef",
    ...(padBytes > 0 ? { pad: "x".repeat(padBytes) } : {}),
    timestamp,
  };
}
