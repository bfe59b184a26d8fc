/** Two endpoints make a session through the server, over every transport: the library against itself, end to end. */
import assert from "node:assert/strict";
import { SeededRng } from "../base/rng.ts";
import { toHex } from "../base/bytes.ts";
import { defaultBackend } from "../crypto/backend_choice.ts";
import { SignalingEndpoint } from "../signaling/endpoint.ts";
import type { EndpointOutput } from "../signaling/endpoint_context.ts";
import { writeMessage } from "../signaling/parse_message.ts";
import { KNOWN_CODECS } from "../signaling/selection.ts";
import { jwtAuth } from "./join_auth.ts";
import { secretKeySource } from "./jwt_keys.ts";
import { openSignaling } from "./open_signaling.ts";
import type { SignalingLink } from "./signaling_link.ts";
import {
  ANNA,
  BEN,
  pinned,
  Rig,
  type RigTransport,
  SECRET,
  SESSION,
  testIdentity,
  token,
} from "./testing/signaling_rig.ts";

/** An endpoint on a link, driven on real time: enough for a handshake without loss. */
class LinkedPeer {
  readonly endpoint: SignalingEndpoint;
  readonly events: EndpointOutput[] = [];
  master = "";
  #link: SignalingLink | undefined;
  #wake: () => void = () => {};

  constructor(role: "caller" | "callee", peerId: string, jwt: string | undefined) {
    this.endpoint = new SignalingEndpoint({
      role,
      sessionId: SESSION,
      peerId,
      rng: new SeededRng(role === "caller" ? 1 : 2),
      backend: defaultBackend(),
      unixOffsetMs: Date.now() - performance.now(),
      codecs: KNOWN_CODECS,
      suites: ["aes-128-gcm"],
      authentications: ["hmac-sha256-80"],
      resolutions: [],
      reducedHeader: true,
      rtx: true,
      fec: true,
      networkInfo: () => ({ nat_type: "unknown" }),
      identityPolicy: { kind: "optional" },
      ...(jwt === undefined ? {} : { token: jwt }),
    });
  }

  async open(target: Omit<Parameters<typeof openSignaling>[0], "sessionId" | "peerId">, peerId: string): Promise<void> {
    this.#link = await openSignaling({ ...target, sessionId: SESSION, peerId }, {
      message: (unit) => {
        this.endpoint.receive(unit, performance.now());
        this.#carryOut();
      },
      closed: () => {},
    });
    this.endpoint.up(performance.now());
    this.#carryOut();
  }

  async until(kind: EndpointOutput["kind"]): Promise<EndpointOutput> {
    for (;;) {
      const found = this.events.find((event) => event.kind === kind);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  act(action: (endpoint: SignalingEndpoint, nowMs: number) => void): void {
    action(this.endpoint, performance.now());
    this.#carryOut();
  }

  close(): void {
    this.#link?.close();
  }

  #carryOut(): void {
    for (let out = this.endpoint.poll(); out !== undefined; out = this.endpoint.poll()) {
      if (out.kind === "send") {
        this.#link?.send(writeMessage(out.message));
        continue;
      }
      if (out.kind === "epoch_made") this.master = toHex(out.master);
      this.events.push(out);
      this.#wake();
    }
  }
}

const CASES: readonly { readonly name: string; readonly via: RigTransport; readonly isSecure: boolean }[] = [
  { name: "ws, phoenix", via: "phoenix", isSecure: false },
  { name: "ws, plain", via: "plain", isSecure: false },
  { name: "tcp", via: "stream", isSecure: false },
  { name: "wss, phoenix", via: "phoenix", isSecure: true },
  { name: "wss, plain", via: "plain", isSecure: true },
  { name: "tls", via: "stream", isSecure: true },
];

for (const { name, via, isSecure } of CASES) {
  for (const calleeFirst of [true, false]) {
    const order = calleeFirst ? "the callee waits" : "the caller waits";
    Deno.test(`ARC-TRANSPORT-plain-join ARC-TRANSPORT-nats-optional: a session with tokens, made and ended over ${name}; ${order}`, async () => {
      const rig = await Rig.start({
        auth: jwtAuth(secretKeySource(SECRET)),
        ...(isSecure ? { tls: await testIdentity() } : {}),
      });
      const jwts: Record<string, string> = { [ANNA]: await token({ peer: ANNA }), [BEN]: await token({ peer: BEN }) };
      const trust = isSecure ? await pinned() : {};
      const caller = new LinkedPeer("caller", ANNA, jwts[ANNA]);
      const callee = new LinkedPeer("callee", BEN, jwts[BEN]);
      const open = (peer: LinkedPeer, peerId: string) =>
        peer.open({ url: rig.url(via), trust, timeoutMs: 4000, token: jwts[peerId] }, peerId);
      if (calleeFirst) await open(callee, BEN);
      await open(caller, ANNA);
      if (!calleeFirst) await open(callee, BEN);
      await Promise.all([caller.until("connected"), callee.until("connected")]);
      assert.notEqual(caller.master, "");
      assert.equal(caller.master, callee.master);
      caller.act((endpoint, nowMs) => endpoint.disconnect("user_request", nowMs));
      const [ours, theirs] = await Promise.all([caller.until("closed"), callee.until("closed")]);
      assert.deepEqual([ours.kind === "closed" && ours.byPeer, theirs.kind === "closed" && theirs.byPeer], [
        false,
        true,
      ]);
      const refusals = [...caller.events, ...callee.events].filter((event) => event.kind === "warning");
      assert.deepEqual(refusals, []);
      const seen = JSON.stringify([rig.events, [...caller.events, ...callee.events].map(({ kind }) => kind)]);
      for (const jwt of Object.values(jwts)) assert.ok(!seen.includes(jwt));
      caller.close();
      callee.close();
      await rig.close();
    });
  }
}

Deno.test("a caller with a token that is not good for it learns why, over every transport", async () => {
  const rig = await Rig.start({ auth: jwtAuth(secretKeySource(SECRET)) });
  const jwt = await token({ peer: BEN });
  await assert.rejects(
    rig.connect("phoenix", { token: jwt }),
    /refuses the join: unauthorized: the token is for another peer/,
  );
  for (const via of ["plain", "stream"] as const) {
    const caller = new LinkedPeer("caller", ANNA, jwt);
    await caller.open({ url: rig.url(via), trust: {}, timeoutMs: 4000 }, ANNA);
    const closed = await caller.until("closed");
    assert.ok(closed.kind === "closed" && closed.why === "refused" && closed.code === "unauthorized");
    caller.close();
  }
  await rig.close();
});
