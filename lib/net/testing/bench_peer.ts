import { PacketBatch } from "../../base/batch.ts";
import { utf8 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { issueRelayToken, makeRelayProof, parseRelayToken } from "../../crypto/relay_token.ts";
import { SECRET, SESSION } from "../../relay/testing/relay_world.ts";
import type { Message } from "../../signaling/messages/registry.ts";
import { parseMessage, writeMessage } from "../../signaling/parse_message.ts";
import { NativeUdpSocket } from "../native/udp_socket.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const BURST = 64;

/** One peer of a relay on a native socket of its own, without a promise. */
export class BenchPeer {
  readonly socket: NativeUdpSocket;
  readonly #relay: number;
  readonly #batch = new PacketBatch(BURST, 2048);

  readonly #meanwhile: () => void;

  /** `meanwhile` runs while an answer is awaited: a relay on this same thread. Without `groups` packets leave one by one. */
  constructor(relayPort: number, meanwhile: () => void = () => {}, groups = true) {
    this.#meanwhile = meanwhile;
    this.socket = NativeUdpSocket.open({ ...LOOPBACK, groups });
    this.#relay = this.socket.addresses.intern(LOOPBACK.host, relayPort);
  }

  batchOf(unit: Uint8Array, count: number): PacketBatch {
    const batch = new PacketBatch(count, Math.max(unit.length, 64));
    for (let i = 0; i < count; i++) batch.push(unit, this.#relay);
    return batch;
  }

  /** Packets that wait here, read. */
  read(): number {
    let count = 0;
    for (let n = this.socket.receive(this.#batch); n > 0; n = this.socket.receive(this.#batch)) count += n;
    return count;
  }

  bind(peerId: string): void {
    const expires = Math.floor(Date.now() / 1000) + 60;
    const { tag } = unwrap(parseRelayToken(issueRelayToken(SECRET, { sessionId: SESSION, peerId, expiresS: expires })));
    const request = { type: "RELAY_BIND", session_id: SESSION, peer_id: peerId, expires, timestamp: 1 } as const;
    const challenge = this.#ask(request);
    if (challenge.type !== "RELAY_CHALLENGE") throw new Error(JSON.stringify(challenge));
    const { nonce } = challenge;
    const bound = this.#ask({ ...request, nonce, proof: makeRelayProof(tag, nonce, SESSION, peerId) });
    if (bound.type !== "RELAY_BOUND") throw new Error(JSON.stringify(bound));
  }

  #ask(message: Message): Message {
    return unwrap(parseMessage(this.exchange(utf8(writeMessage(message)))));
  }

  /** Sends a unit, again while the other side is still starting, and answers what comes back for it, borrowed. */
  exchange(unit: Uint8Array): Uint8Array {
    for (let tries = 0; tries < 12; tries++) {
      this.socket.send(this.batchOf(unit, 1));
      for (const untilMs = performance.now() + 250; performance.now() < untilMs;) {
        this.#meanwhile();
        if (this.socket.receive(this.#batch) > 0) return this.#batch.packet(0);
      }
    }
    throw new Error("the relay does not answer");
  }
}
