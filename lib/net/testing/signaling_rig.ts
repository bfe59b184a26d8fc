/** A signaling server and clients against it, for tests. Everything that is opened here is closed by {@link Rig.close}. */
import { SignJWT } from "jose";
import { utf8 } from "../../base/bytes.ts";
import type { JsonObject } from "../../signaling/json_value.ts";
import type { Clock } from "../clock.ts";
import { createCertificate } from "../certificate_create.ts";
import { OPEN_AUTH } from "../join_auth.ts";
import { openSignaling, type SignalingTarget } from "../open_signaling.ts";
import type { TlsTrust } from "../open_stream.ts";
import type { ServerEvent } from "../signaling_events.ts";
import type { SignalingLink } from "../signaling_link.ts";
import { SignalingServer, type SignalingServerOptions } from "../signaling_server.ts";
import { readTlsIdentity, type TlsIdentity } from "../tls_identity.ts";

export const SESSION = "11111111-1111-4111-8111-111111111111";
export const OTHER_SESSION = "22222222-2222-4222-8222-222222222222";
export const ANNA = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
export const BEN = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
export const CARL = "cccccccc-cccc-4ccc-8ccc-cccccccccccc";
export const STREAM = "dddddddd-dddd-4ddd-8ddd-dddddddddddd";
export const NIL = "00000000-0000-0000-0000-000000000000";

export const SECRET = "a secret of thirty-two bytes or more";

/** What a test does when nothing comes: it fails, with this in the message, instead of hanging. */
const PATIENCE_MS = 4000;

const LOOPBACK = { host: "127.0.0.1", port: 0 };

let identity: Promise<TlsIdentity> | undefined;

/** A self-signed certificate for 127.0.0.1, the same for all tests of a file. */
export function testIdentity(): Promise<TlsIdentity> {
  return identity ??= makeIdentity();
}

export async function makeIdentity(): Promise<TlsIdentity> {
  const now = Date.now();
  const made = await createCertificate({
    subject: "arcrtc test",
    hosts: ["127.0.0.1", "localhost"],
    notBeforeUnixMs: now - 60_000,
    notAfterUnixMs: now + 3_600_000,
  });
  return readTlsIdentity(made.certificatePem, made.privateKeyPem);
}

export interface Claims {
  readonly session?: string;
  readonly peer?: string;
  readonly secret?: string;
  readonly alg?: string;
  /** Unix seconds; an hour from now where it is left out, none at all for null. */
  readonly exp?: number | null;
}

export async function token({ session = SESSION, peer = ANNA, secret = SECRET, alg = "HS256", exp }: Claims = {}) {
  const jwt = new SignJWT({ session, peer }).setProtectedHeader({ alg });
  if (exp !== null) jwt.setExpirationTime(exp ?? Math.floor(Date.now() / 1000) + 3600);
  return await jwt.sign(utf8(secret));
}

export const TRANSPORTS = ["phoenix", "plain", "stream"] as const;
export type RigTransport = (typeof TRANSPORTS)[number];

export class Rig {
  readonly server: SignalingServer;
  readonly events: readonly ServerEvent[];
  readonly #waiting: Waiting;
  readonly #links: SignalingLink[] = [];

  private constructor(server: SignalingServer, events: readonly ServerEvent[], waiting: Waiting) {
    this.server = server;
    this.events = events;
    this.#waiting = waiting;
  }

  /** An open server on loopback with all listeners, changed by `options`. */
  static async start(options: Partial<SignalingServerOptions> = {}): Promise<Rig> {
    const events: ServerEvent[] = [];
    const waiting = new Waiting();
    const server = await SignalingServer.start({
      auth: OPEN_AUTH,
      webSocket: LOOPBACK,
      stream: LOOPBACK,
      udp: LOOPBACK,
      log: (event) => {
        events.push(event);
        // The server's state is as the event says once the turn that logged it is over.
        queueMicrotask(() => waiting.look());
      },
      ...options,
    });
    return new Rig(server, events, waiting);
  }

  url(transport: RigTransport): string {
    const url = this.server.urls[transport];
    if (url === undefined) throw new Error(`the rig does not listen for ${transport}`);
    return url;
  }

  /** Connects as a peer. Over Phoenix that joins; elsewhere the first message does. */
  async connect(transport: RigTransport, options: Partial<SignalingTarget> = {}): Promise<TestPeer> {
    const peer = new TestPeer();
    const link = await openSignaling({
      url: this.url(transport),
      sessionId: SESSION,
      peerId: ANNA,
      trust: {},
      timeoutMs: PATIENCE_MS,
      ...options,
    }, peer);
    peer.link = link;
    this.#links.push(link);
    return peer;
  }

  /** Connects and has joined when the promise resolves. */
  async join(transport: RigTransport, peerId: string, options: Partial<SignalingTarget> = {}): Promise<TestPeer> {
    const peer = await this.connect(transport, { peerId, ...options });
    if (transport !== "phoenix") {
      const sessionId = options.sessionId ?? SESSION;
      const joins = () => this.events.filter((event) => event.event === "joined").length;
      const before = joins();
      peer.say(heartbeat(sessionId, peerId));
      await this.until(() => joins() > before);
    }
    return peer;
  }

  /** Waits until something is so; looked at again at each event of the server. */
  until(isSo: () => boolean): Promise<void> {
    return this.#waiting.until(`${isSo}`, isSo);
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.close();
    await this.server.close();
  }
}

/** A clock that stands still until it is set. */
export class ManualClock implements Clock {
  readonly unixOffsetMs = 1_700_000_000_000;
  #nowMs = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }
}

/** Waits for a condition that is looked at whenever something has happened; never for ever. */
class Waiting {
  readonly #looks = new Set<() => void>();

  look(): void {
    for (const look of [...this.#looks]) look();
  }

  until(what: string, isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (finish: () => void) => {
        clearTimeout(timer);
        this.#looks.delete(look);
        finish();
      };
      const look = () => isSo() && done(resolve);
      const timer = setTimeout(() => done(() => reject(new Error(`waited in vain for ${what}`))), PATIENCE_MS);
      this.#looks.add(look);
    });
  }
}

/** A client that keeps what comes until it is asked for. */
export class TestPeer {
  /** Set by the rig once it is open. */
  link: SignalingLink | undefined;
  /** Set when the connection is over: why. */
  closedWhy: string | undefined;
  readonly #received: JsonObject[] = [];
  readonly #waiting = new Waiting();

  message(unit: string | Uint8Array): void {
    this.#received.push(JSON.parse(typeof unit === "string" ? unit : new TextDecoder().decode(unit)));
    this.#waiting.look();
  }

  closed(why: string): void {
    this.closedWhy = why;
    this.#waiting.look();
  }

  say(message: JsonObject): void {
    this.sayText(JSON.stringify(message));
  }

  sayText(text: string): void {
    this.link?.send(text);
  }

  /** The next message. Fails when the connection ends, or nothing comes. */
  async next(): Promise<JsonObject> {
    await this.#waiting.until("a message", () => this.#received.length > 0 || this.closedWhy !== undefined);
    const message = this.#received.shift();
    if (message === undefined) throw new Error(`the connection ended instead: ${this.closedWhy}`);
    return message;
  }

  /** The next message of a type; others before it are passed over. */
  async nextOf(type: string): Promise<JsonObject> {
    for (;;) {
      const message = await this.next();
      if (message.type === type) return message;
    }
  }

  /** Why the connection ended, once it has. */
  async end(): Promise<string> {
    await this.#waiting.until("the end", () => this.closedWhy !== undefined);
    return this.closedWhy ?? "";
  }

  /** What has come and was not asked for. */
  get unread(): readonly JsonObject[] {
    return this.#received;
  }
}

export function heartbeat(session_id = SESSION, peer_id = ANNA, more: JsonObject = {}): JsonObject {
  return { type: "HEARTBEAT", session_id, sequence: 1, peer_id, timestamp: 1_700_000_000_000, ...more };
}

export function connect(session_id = SESSION, peer_id = ANNA, more: JsonObject = {}): JsonObject {
  const point = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";
  return {
    type: "CONNECT",
    version: "1.0",
    session_id,
    peer_id,
    capabilities: { codecs: ["opus"], resolutions: [], encryption: ["aes-128-gcm"], transport: ["udp"] },
    network_info: { nat_type: "unknown" },
    encryption: { key_exchange: "ecdh-p256", public_key: point },
    timestamp: 1_700_000_000_000,
    ...more,
  };
}

export function stop(session_id = SESSION, more: JsonObject = {}): JsonObject {
  return {
    type: "STREAM_STOP",
    session_id,
    stream_id: STREAM,
    reason: "user_request",
    timestamp: 1_700_000_000_000,
    ...more,
  };
}

/** Trust in {@link testIdentity} by its fingerprint. */
export async function pinned(): Promise<TlsTrust> {
  return { pinSha256: (await testIdentity()).fingerprintSha256 };
}
