/** Calls that need a relay, on virtual time: NATs of every kind, dead relays, better paths. SPEC 7, 8. */
import assert from "node:assert/strict";
import type { NatKind } from "../sim/nat.ts";
import { SessionPair } from "./testing/session_pair.ts";
import { heard, pathLog, talk } from "./testing/talk.ts";

const R1 = { id: "r1", ip: "203.0.113.1", priority: 1 };
const R2 = { id: "r2", ip: "203.0.113.2", priority: 2 };

/** Which NATs hide a peer whose address is known from whom: those who see another port than the relay did. */
function needsRelay(a: NatKind, b: NatKind): boolean {
  const strict = (kind: NatKind) => kind === "symmetric" || kind === "port_restricted";
  return (a === "symmetric" && strict(b)) || (b === "symmetric" && strict(a));
}

Deno.test("ARC-PATH-tell-address: what the relays saw is told, and opens NATs of every pair that can be opened", () => {
  const kinds: NatKind[] = ["full_cone", "address_restricted", "port_restricted", "symmetric"];
  for (const anna of kinds) {
    for (const ben of kinds) {
      const pair = new SessionPair({ nats: { anna, ben }, relays: [R1, R2] });
      pair.signalingUp();
      pair.run(1000);
      const wanted = needsRelay(anna, ben) ? "relay" : "direct";
      assert.equal(pair.anna.session.path?.kind, wanted, `${anna} to ${ben}`);
      talk(pair, 1000);
      pair.run(1500);
      assert.equal(heard(pair.ben), 50, `${anna} to ${ben}`);
      if (wanted === "relay") assert.ok(pair.relays[0].forwarded > 50);
    }
  }
});

Deno.test("ARC-PATH-relay-order: the relay of the lower priority number is preferred; direct beats both", () => {
  const behind = new SessionPair({ nats: { anna: "symmetric", ben: "symmetric" }, relays: [R2, R1] });
  behind.signalingUp();
  behind.run(1500);
  assert.equal(behind.anna.session.path?.priority, 1);
  const open = new SessionPair({ relays: [R1, R2] });
  open.signalingUp();
  open.run(1500);
  assert.equal(open.anna.session.path?.kind, "direct");
});

Deno.test("ARC-PATH-failover: the first relay dies mid-call and the second takes over in under 2 s, keys and numbers kept", () => {
  const pair = new SessionPair({ nats: { anna: "symmetric", ben: "port_restricted" }, relays: [R1, R2] });
  pair.signalingUp();
  pair.run(1500);
  talk(pair, 8000);
  pair.run(2000);
  const before = heard(pair.ben);
  pair.relays[0].isDead = true;
  pair.run(2000);
  const priority = () => pair.anna.session.path?.priority;
  assert.equal(priority(), 2);
  pair.run(4500);
  const lost = 400 - heard(pair.ben);
  assert.ok(before >= 95 && lost < 100, `${lost} of 400 frames lost: less than 2 s`);
  assert.equal(pair.ben.session.stats(pair.nowMs)?.drops.replay, undefined);
  pair.relays[0].isDead = false;
  pair.run(25_000);
  assert.equal(priority(), 1, "and back to the better one");
});

Deno.test("ARC-PATH-first-valid ARC-PATH-retry-better: a direct path that opens later is moved to", () => {
  const pair = new SessionPair({ seed: 2, relays: [R1] });
  pair.network.cut(pair.anna.host, pair.ben.host);
  pair.signalingUp();
  pair.run(1000);
  assert.equal(pair.anna.session.path?.kind, "relay");
  pair.network.cut(pair.anna.host, pair.ben.host, false);
  pair.run(11_000);
  assert.equal(pair.anna.session.path?.kind, "direct");
  assert.deepEqual(pathLog(pair.anna), ["relay", "direct"]);
});

Deno.test("what the relays saw is known: one's public addresses", () => {
  const pair = new SessionPair({ nats: { anna: "full_cone", ben: "symmetric" }, relays: [R1, R2] });
  pair.signalingUp();
  pair.run(1500);
  const [first, second] = pair.anna.session.finder.observed;
  assert.equal(first.ip, "198.51.100.1");
  assert.deepEqual(second, first, "a cone shows one address to all");
  const [one, two] = pair.ben.session.finder.observed;
  assert.notEqual(one.port, two.port, "a symmetric NAT one to each");
  const natTypes = [pair.anna, pair.ben].map(({ session }) => session.metricsFigures(pair.nowMs)?.network.nat_type);
  assert.deepEqual(natTypes, ["cone", "symmetric"], "METRICS say so");
});
