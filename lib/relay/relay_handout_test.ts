import assert from "node:assert/strict";
import { unwrap } from "../base/parsed.ts";
import { SeededRng } from "../base/rng.ts";
import { uuidV4 } from "../base/uuid.ts";
import { makeRelayProof, parseRelayToken, verifyRelayProof } from "../crypto/relay_token.ts";
import type { JsonObject } from "../signaling/json_value.ts";
import { relayServer } from "../signaling/messages/fields.ts";
import * as v from "valibot";
import { RelayHandout, type RelaySite } from "./relay_handout.ts";
import { RelayHealthState } from "./relay_health_state.ts";

const SECRET = new Uint8Array(32).fill(7);
const ANNA = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const BEN = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
const SESSION = "11111111-1111-4111-8111-111111111111";
const UNIX_MS = 1_700_000_000_900;

function site(id: string, more: Partial<RelaySite> = {}): RelaySite {
  return { id, host: `192.0.2.${id.charCodeAt(0)}`, ports: { udp: 3478 }, priority: 0, ...more };
}

function setUp(sites: readonly RelaySite[], tokenTtlMs = 3_600_000) {
  const health = new RelayHealthState({ count: sites.length, rng: new SeededRng(1), unixOffsetMs: 0, nowMs: 0 });
  const ips: (string | undefined)[] = sites.map(({ host }) => host);
  const handout = new RelayHandout({ sites, health, ipOf: (relay) => ips[relay], secret: SECRET, tokenTtlMs });
  const names = (sessionId = SESSION, peerId = ANNA) =>
    handout.relaysFor(sessionId, peerId, UNIX_MS).map(({ id }) => String(id));
  /** Declares a relay dead by leaving its questions unanswered, those of the others answered. */
  const kill = (dead: readonly number[]) => {
    for (let i = 0; i < 4; i++) {
      health.timeout(nowMs += 1000);
      for (let out = health.poll(); out !== undefined; out = health.poll()) {
        if (out.kind === "ask" && !dead.includes(out.relay)) health.answered(out.relay, out.challenge, nowMs);
      }
    }
  };
  let nowMs = 0;
  return { health, handout, ips, names, kill };
}

function proves(entry: JsonObject, sessionId: string, peerId: string): boolean {
  const { tag, expiresS } = unwrap(parseRelayToken(String(entry.token)));
  assert.equal(entry.expires, expiresS);
  const nonce = "the nonce of the challenge";
  return verifyRelayProof(SECRET, { sessionId, peerId, expiresS }, nonce, makeRelayProof(tag, nonce, SESSION, ANNA));
}

Deno.test("ARC-TRANSPORT-server-relays ARC-RELAY-token: the same relays for both peers, each with its own token that is good for it alone", () => {
  const { handout } = setUp("abcdef".split("").map((id) => site(id)));
  const anna = handout.relaysFor(SESSION, ANNA, UNIX_MS);
  const ben = handout.relaysFor(SESSION, BEN, UNIX_MS);
  assert.equal(anna.length, 2);
  const places = (entries: readonly JsonObject[]) =>
    entries.map(({ id, address, port, priority, transport }) => ({ id, address, port, priority, transport }));
  assert.deepEqual(places(anna), places(ben));
  for (const [i, entry] of anna.entries()) {
    assert.ok(proves(entry, SESSION, ANNA));
    assert.ok(!proves(entry, SESSION, BEN) && !proves(entry, "22222222-2222-4222-8222-222222222222", ANNA));
    assert.notEqual(entry.token, ben[i].token);
  }
});

Deno.test("ARC-SIG-relay-servers-fields ARC-SIG-relay-servers-expires: entries are of their schema, and expire in whole seconds", () => {
  const { handout } = setUp([
    site("a", { host: "relay.example", ports: { udp: 3478, tcp: 3479, tls: 443 }, priority: 7 }),
    site("b", { host: "2001:db8::1", priority: 7 }),
  ], 60_000);
  const entries = handout.relaysFor(SESSION, ANNA, UNIX_MS);
  assert.equal(entries.length, 4);
  for (const entry of entries) {
    assert.deepEqual(v.parse(relayServer, entry), entry);
    assert.equal(entry.expires, 1_700_000_060);
  }
});

Deno.test("each transport has an entry, the address for all but TLS, whose certificate is for the name", () => {
  const { handout, ips } = setUp([
    site("a", { host: "relay.example", ports: { udp: 1, tcp: 2, tls: 3 }, priority: 65_535 }),
  ]);
  ips[0] = "192.0.2.9";
  const entries = handout.relaysFor(SESSION, ANNA, UNIX_MS);
  assert.deepEqual(entries.map(({ address, port, transport, priority }) => [address, port, transport, priority]), [
    ["192.0.2.9", 1, "udp", 65_535],
    ["192.0.2.9", 2, "tcp", 65_535],
    ["relay.example", 3, "tls", 65_535],
  ]);
  ips[0] = undefined;
  assert.deepEqual(handout.relaysFor(SESSION, ANNA, UNIX_MS), [], "a name without an address is of no use");
});

Deno.test("ARC-RELAY-selection: priorities rise, so that both peers begin with the same relay, and keep the operator's", () => {
  const equal = setUp("abcd".split("").map((id) => site(id, { priority: 5 })));
  assert.deepEqual(equal.handout.relaysFor(SESSION, ANNA, UNIX_MS).map(({ priority }) => priority), [5, 6]);
  const tiers = setUp([site("a", { priority: 40 }), site("b", { priority: 10 })]);
  assert.deepEqual(tiers.handout.relaysFor(SESSION, ANNA, UNIX_MS).map(({ id, priority }) => [id, priority]), [
    ["b", 10],
    ["a", 40],
  ]);
  const last = setUp([site("a", { priority: 65_535 }), site("b", { priority: 65_535 })]);
  assert.deepEqual(last.handout.relaysFor(SESSION, ANNA, UNIX_MS).map(({ priority }) => priority), [65_535, 65_535]);
});

Deno.test("ARC-RELAY-selection: a dead relay is replaced and the other kept, also for sessions that had it; no relay, no entry", () => {
  const { names, kill } = setUp("abcd".split("").map((id) => site(id)));
  const before = names();
  const dead = "abcd".indexOf(before[0]);
  kill([dead]);
  const after = names(SESSION, BEN);
  assert.equal(after[0], before[1]);
  assert.equal(after.length, 2);
  assert.ok(!after.includes(before[0]));
  kill([]);
  assert.deepEqual(names(), after, "its peers have gone to the other one: they stay together there");
  kill([0, 1, 2, 3]);
  assert.deepEqual(names(), []);
});

Deno.test("ARC-RELAY-selection: load moves new sessions, and does not part the two peers of one that has begun", () => {
  const { names, health } = setUp([site("a"), site("b"), site("c")]);
  const begun = names(SESSION, ANNA);
  for (const [relay, id] of ["a", "b", "c"].entries()) {
    health.reported(relay, { load: begun.includes(id) ? 0.95 : 0.1, isDraining: false });
  }
  assert.deepEqual(names(SESSION, BEN), begun);
  const idle = ["a", "b", "c"].find((id) => !begun.includes(id));
  const rng = new SeededRng(9);
  for (let i = 0; i < 20; i++) assert.equal(names(uuidV4(rng))[0], idle);
});

Deno.test("what is remembered of sessions is bounded: the longest unasked one is chosen for anew", () => {
  const { names, health } = setUp([site("a"), site("b"), site("c")]);
  const rng = new SeededRng(10);
  const begun = names();
  const busy = "abc".indexOf(begun[0]);
  health.reported(busy, { load: 1, isDraining: false });
  for (let i = 0; i < 9999; i++) names(uuidV4(rng));
  assert.deepEqual(names(), begun);
  for (let i = 0; i < 10_000; i++) names(uuidV4(rng));
  assert.notDeepEqual(names(), begun);
});

Deno.test("handouts are counted by relay", () => {
  const { handout, names } = setUp([site("a"), site("b", { priority: 1 }), site("c", { priority: 2 })]);
  names();
  names(SESSION, BEN);
  assert.deepEqual([...handout.handouts], [2, 2, 0]);
});
