/**
 * Load through a signaling server: each session has two peers of ours, which have joined. The caller's CONNECT shows that
 * the way is open; then it sends HEARTBEATs to the other one.
 *
 * ```
 * caller --CONNECT, HEARTBEAT ...--> server --CONNECT, HEARTBEAT ...--> callee
 * ```
 */
import { uuidV4 } from "../base/uuid.ts";
import { generateKeyPair, writePublicKey } from "../crypto/ecdh.ts";
import { type LoadHeartbeat, readLoadHeartbeat, writeLoadHeartbeat } from "../load/load_heartbeat.ts";
import { Priority } from "../packet/arcrtp.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";
import { PROTOCOL_VERSION } from "../signaling/version.ts";
import { type LoadTarget, type LoadTargetContext, Troubles } from "./load_target.ts";
import { NetError } from "./net_error.ts";
import { openSignaling } from "./open_signaling.ts";
import type { ProbeTarget } from "./probe_target.ts";
import type { SignalingLink } from "./signaling_link.ts";

/** Beyond this the server does not read as fast as it is written to, and what is due is lost. */
const MOST_BUFFERED_BYTES = 256 * 1024;

interface Session {
  readonly id: string;
  readonly callerId: string;
  readonly caller: SignalingLink;
  readonly callee: SignalingLink;
}

export class LoadSignaling implements LoadTarget {
  readonly label: string;
  /** The system drops nothing of a stream. */
  readonly sinkPorts: ReadonlySet<number> = new Set();
  readonly targetPorts: ReadonlySet<number> = new Set();
  readonly troubles = new Troubles();
  sendErrors = 0;
  readonly #target: ProbeTarget;
  readonly #context: LoadTargetContext;
  readonly #sessions: (Session | undefined)[] = [];
  readonly #publicKey: string;
  #isClosed = false;

  constructor(target: ProbeTarget, context: LoadTargetContext) {
    const { protocol, format } = target;
    this.label = `signaling over ${protocol}${format === undefined ? "" : ` (${format})`}`;
    this.#target = target;
    this.#context = context;
    // One pair for all sessions: nobody derives a key from it.
    this.#publicKey = writePublicKey(generateKeyPair(context.rng).publicKey);
  }

  async open(number: number): Promise<void> {
    const { rng, clock, timeoutMs } = this.#context;
    const id = uuidV4(rng);
    const [callerId, calleeId] = [uuidV4(rng), uuidV4(rng)];
    const reached = Promise.withResolvers<void>();
    reached.promise.catch(() => {});
    const links: SignalingLink[] = [];
    const openLink = async (peerId: string, message: (unit: string | Uint8Array) => void) => {
      const { url, format, token, trust } = this.#target;
      const settings = {
        url: url.href,
        sessionId: id,
        peerId,
        trust,
        timeoutMs,
        ...(format === undefined ? {} : { format }),
        ...(token === undefined ? {} : { token }),
      };
      const closed = (why: string) => {
        reached.reject(new NetError("unreachable", `${this.#target.name}: ${why}`));
        if (!this.#isClosed) this.troubles.add(`a connection was lost: ${why}`);
      };
      const link = await openSignaling(settings, { message, closed });
      links.push(link);
      return link;
    };
    const silence = `${this.#target.name} has delivered no CONNECT within ${timeoutMs} ms`;
    const timer = setTimeout(() => reached.reject(new NetError("unreachable", silence)), timeoutMs);
    try {
      const refused = (words: string) => reached.reject(new NetError("refused", `${this.#target.name}: ${words}`));
      const callee = await openLink(calleeId, (unit) => {
        const nowMs = clock.nowMs();
        if (!this.#takeHeartbeat(number, unit, nowMs)) this.#takeOther(unit, reached.resolve, refused);
      });
      callee.send(this.#joining(id, calleeId));
      const caller = await openLink(callerId, (unit) => this.#takeOther(unit, reached.resolve, refused));
      caller.send(this.#connect(id, callerId));
      await reached.promise;
      this.#sessions[number] = { id, callerId, caller, callee };
    } catch (error) {
      for (const link of links) link.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends at once: a connection has its own queue. */
  queue(number: number, _priority: number, dueMs: number): boolean {
    const session = this.#sessions[number];
    if (session === undefined) return false;
    const { run, clock } = this.#context;
    const sentMs = clock.nowMs();
    // Messages have no PR on the wire; sealed ones count as PR 0 (SPEC ARC-RELAY-priority-control).
    const sequence = run.nextSequence(number, Priority.critical);
    const text = this.#heartbeat({ sequence, sentMs, dueMs }, session.id, session.callerId);
    run.sent(Priority.critical, text.length, dueMs, sentMs);
    if (session.caller.bufferedBytes <= MOST_BUFFERED_BYTES) session.caller.send(text);
    else this.troubles.add("a message found its connection full: the server does not read as fast");
    return true;
  }

  flush(): void {}

  close(): Promise<void> {
    this.#isClosed = true;
    for (const session of this.#sessions) {
      session?.caller.close();
      session?.callee.close();
    }
    return Promise.resolve();
  }

  #takeHeartbeat(session: number, unit: string | Uint8Array, nowMs: number): boolean {
    const heartbeat = readLoadHeartbeat(unit);
    if (heartbeat === undefined) return false;
    const { sequence, sentMs, dueMs } = heartbeat;
    this.#context.run.received({ session, priority: Priority.critical, sequence }, dueMs, sentMs, nowMs);
    return true;
  }

  /** What is no heartbeat of ours: the CONNECT that was waited for, or the server's word. */
  #takeOther(unit: string | Uint8Array, connected: () => void, refused: (words: string) => void): void {
    const parsed = parseMessage(unit);
    if (!parsed.ok) return;
    if (parsed.value.type === "CONNECT") return connected();
    if (parsed.value.type !== "ERROR") return;
    const words = `${parsed.value.code}: ${parsed.value.message}`;
    refused(words);
    this.troubles.add(`the server said ${words}`);
  }

  #heartbeat(mark: LoadHeartbeat, sessionId: string, peerId: string): string {
    return writeLoadHeartbeat(mark, { sessionId, peerId }, this.#unixMs(), this.#context.packetBytes);
  }

  /** The first message of a plain connection says whose it is, and carries the token (SPEC ARC-TRANSPORT-plain-join). */
  #joining(session_id: string, peer_id: string): string {
    return writeMessage({
      type: "HEARTBEAT",
      session_id,
      peer_id,
      sequence: 0,
      ...this.#token(),
      timestamp: this.#unixMs(),
    });
  }

  #token(): { readonly token?: string } {
    const { token } = this.#target;
    return token === undefined ? {} : { token };
  }

  #unixMs(): number {
    const { clock } = this.#context;
    return Math.floor(clock.nowMs() + clock.unixOffsetMs);
  }

  #connect(sessionId: string, peerId: string): string {
    return writeMessage({
      type: "CONNECT",
      version: PROTOCOL_VERSION,
      ...this.#token(),
      session_id: sessionId,
      peer_id: peerId,
      capabilities: { codecs: ["opus"], resolutions: [], encryption: ["aes-128-gcm"], transport: ["udp"] },
      network_info: { nat_type: "unknown" },
      encryption: { key_exchange: "ecdh-p256", public_key: this.#publicKey },
      timestamp: this.#unixMs(),
    });
  }
}
