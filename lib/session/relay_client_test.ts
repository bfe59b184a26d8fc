import assert from "node:assert/strict";
import { unwrap } from "../base/parsed.ts";
import { issueRelayToken, makeRelayProof, parseRelayToken, verifyRelayProof } from "../crypto/relay_token.ts";
import type { Message } from "../signaling/messages/registry.ts";
import type { RelayBind, RelayUnbind } from "../signaling/messages/relay.ts";
import { natTypeOf, RelayClient } from "./relay_client.ts";

const SESSION = "11111111-1111-4111-8111-111111111111";
const ANNA = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const SECRET = new Uint8Array(32).fill(7);
const EXPIRES = 2_000_000_000;

function setUp(token = issueRelayToken(SECRET, { sessionId: SESSION, peerId: ANNA, expiresS: EXPIRES })) {
  const client = new RelayClient({ id: "r1", address: 5, priority: 1, token }, SESSION, ANNA, 1_700_000_000_000, 0);
  const sent: { atMs: number; message: RelayBind | RelayUnbind }[] = [];
  const events: string[] = [];
  const drain = (nowMs: number) => {
    for (let out = client.poll(); out !== undefined; out = client.poll()) {
      if (out.kind === "send") sent.push({ atMs: nowMs, message: out.message });
      else events.push(out.event.kind);
    }
  };
  const runTo = (untilMs: number) => {
    drain(0);
    for (let dueMs = client.nextTimeoutMs(); dueMs !== undefined && dueMs <= untilMs; dueMs = client.nextTimeoutMs()) {
      client.timeout(dueMs);
      drain(dueMs);
    }
  };
  const hear = (message: Message, nowMs: number) => {
    client.handle(message, nowMs);
    drain(nowMs);
  };
  return { client, sent, events, runTo, hear };
}

const BOUND: Message = {
  type: "RELAY_BOUND",
  relay_id: "r1",
  session_id: SESSION,
  peer_id: ANNA,
  observed: { ip: "203.0.113.5", port: 4000 },
  lifetime_s: 30,
};

Deno.test("ARC-SIG-repeat-identical ARC-SIG-repeat-timestamps-grow: a repetition is the same to the byte, the next request is not", () => {
  const { sent, runTo, hear } = setUp();
  runTo(600);
  assert.ok(sent.length >= 3);
  for (const { message } of sent) assert.deepEqual(message, sent[0].message);
  const first = sent.length;
  // In the very millisecond of the first request.
  hear({ type: "RELAY_CHALLENGE", nonce: "bm9uY2U" }, 0);
  runTo(300);
  const proven = sent.slice(first).map(({ message }) => message);
  assert.ok(proven.length >= 2);
  for (const message of proven) assert.deepEqual(message, proven[0]);
  assert.ok(proven[0].timestamp > sent[0].message.timestamp);
});

Deno.test("binds: asks, proves over the nonce, is bound, and renews before the binding lapses", () => {
  const { client, sent, events, runTo, hear } = setUp();
  runTo(0);
  assert.equal(sent[0].message.proof, undefined);
  assert.equal(sent[0].message.expires, EXPIRES);
  hear({ type: "RELAY_CHALLENGE", nonce: "bm9uY2U" }, 20);
  const { nonce, proof } = sent[1].message;
  const grant = { sessionId: SESSION, peerId: ANNA, expiresS: EXPIRES };
  assert.ok(verifyRelayProof(SECRET, grant, nonce ?? "", proof ?? ""));
  hear(BOUND, 40);
  assert.ok(client.isBound);
  assert.deepEqual(events, ["bound"]);
  assert.deepEqual(client.observed, { ip: "203.0.113.5", port: 4000 });
  runTo(10_039);
  assert.equal(sent.length, 2);
  runTo(10_040);
  assert.equal(sent[2].message.nonce, undefined, "a new exchange, since nonces age");
  hear(BOUND, 10_060);
  assert.deepEqual(events, ["bound"], "the same address is no news");
});

Deno.test("ARC-RELAY-nonce-stale: a challenge in answer to a proof is answered with a new proof", () => {
  const { sent, runTo, hear } = setUp();
  runTo(0);
  hear({ type: "RELAY_CHALLENGE", nonce: "b25l" }, 10);
  hear({ type: "RELAY_CHALLENGE", nonce: "dHdv" }, 20);
  assert.deepEqual(sent.map(({ message }) => message.nonce), [undefined, "b25l", "dHdv"]);
});

Deno.test("a silent relay is asked six times, then again 10 s after the last; a refusal is told and tried again", () => {
  const { client, sent, events, runTo, hear } = setUp();
  runTo(13_000);
  assert.deepEqual(sent.map(({ atMs }) => atMs), [0, 200, 600, 1400, 3000, 6200]);
  assert.deepEqual(events, ["silent"]);
  runTo(16_200);
  assert.equal(sent.at(-1)?.atMs, 16_200);
  hear({ type: "ERROR", code: "unauthorized", message: "", in_reply_to: { type: "RELAY_BIND" }, timestamp: 1 }, 16_210);
  assert.equal(events.at(-1), "refused");
  assert.equal(client.nextTimeoutMs(), 26_210);
});

Deno.test("a token that is none is refused here, and nothing is sent", () => {
  const { sent, events, runTo } = setUp("nonsense");
  runTo(60_000);
  assert.deepEqual([sent.length, events], [0, ["refused"]]);
});

Deno.test("ARC-RELAY-nat-type: open, cone or symmetric by what two relays saw", () => {
  const a = { ip: "203.0.113.5", port: 4000 };
  assert.equal(natTypeOf([], []), "unknown");
  assert.equal(natTypeOf([a], []), "unknown");
  assert.equal(natTypeOf([a], ["203.0.113.5"]), "open");
  assert.equal(natTypeOf([a, a], ["10.0.0.1"]), "cone");
  assert.equal(natTypeOf([a, { ...a, port: 4001 }], ["10.0.0.1"]), "symmetric");
});

Deno.test("ARC-RELAY-unbind: says goodbye with the last nonce, once, and only where it is bound", () => {
  const { client, sent, runTo } = setUp();
  runTo(0);
  client.unbind(1);
  runTo(1);
  assert.equal(sent.some(({ message }) => message.type === "RELAY_UNBIND"), false);

  const bound = setUp();
  bound.runTo(0);
  bound.hear({ type: "RELAY_CHALLENGE", nonce: "n1" }, 1);
  bound.hear(BOUND, 2);
  bound.client.unbind(3);
  bound.client.unbind(4);
  bound.runTo(100_000);
  const goodbyes = bound.sent.map(({ message }) => message).filter(({ type }) => type === "RELAY_UNBIND");
  assert.equal(goodbyes.length, 1);
  const [{ nonce, proof }] = goodbyes;
  const tag =
    unwrap(parseRelayToken(issueRelayToken(SECRET, { sessionId: SESSION, peerId: ANNA, expiresS: EXPIRES }))).tag;
  assert.deepEqual([nonce, proof], ["n1", makeRelayProof(tag, "n1", SESSION, ANNA)]);
});

Deno.test("a newer token takes the place of one that was refused, at once", () => {
  const { client, sent, hear, runTo } = setUp("not a token");
  runTo(0);
  assert.equal(sent.length, 0);
  client.useToken(issueRelayToken(SECRET, { sessionId: SESSION, peerId: ANNA, expiresS: EXPIRES }), 10);
  runTo(10);
  assert.equal(sent.length, 1);
  hear({ type: "RELAY_CHALLENGE", nonce: "n1" }, 11);
  hear(BOUND, 12);
  assert.ok(client.isBound);
});

Deno.test("a binding that moved to another way of the same relay is asked for again after ten seconds", () => {
  const { client, sent, hear, runTo } = setUp();
  runTo(0);
  hear({ type: "RELAY_CHALLENGE", nonce: "n1" }, 1);
  hear(BOUND, 2);
  client.moved(100);
  assert.equal(client.isBound, false);
  const before = sent.length;
  runTo(10_099);
  assert.equal(sent.length, before);
  runTo(10_100);
  assert.equal(sent.length, before + 1);
});
