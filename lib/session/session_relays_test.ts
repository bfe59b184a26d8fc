import assert from "node:assert/strict";
import { AddressTable } from "../base/address_table.ts";
import { issueRelayToken } from "../crypto/relay_token.ts";
import { SessionRelays } from "./session_relays.ts";

const SESSION = "11111111-1111-4111-8111-111111111111";
const ANNA = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const TOKEN = issueRelayToken(new Uint8Array(32).fill(7), {
  sessionId: SESSION,
  peerId: ANNA,
  expiresS: 2_000_000_000,
});

Deno.test("ARC-SIG-repeat-first-interval: work between a relay's offer and the first RELAY_BIND does not shorten the wait for the second", () => {
  const relays = new SessionRelays(SESSION, ANNA, 1_700_000_000_000, new AddressTable());
  const offer = { id: "r1", address: "203.0.113.5", port: 3478, priority: 1, transport: "udp", token: TOKEN } as const;
  // What is sent goes out when it is polled; the keys that came with the offer have taken until then.
  const sentMs: number[] = [];
  const drain = (nowMs: number) => {
    for (let out = relays.poll(); out !== undefined; out = relays.poll()) if (out.kind === "send") sentMs.push(nowMs);
  };
  relays.offer(offer, 0);
  let nowMs = 150;
  drain(nowMs);
  while (sentMs.length < 3) {
    nowMs = Math.max(nowMs, relays.nextTimeoutMs() ?? assert.fail("nothing is due"));
    relays.timeout(nowMs);
    drain(nowMs);
  }
  assert.deepEqual(sentMs, [150, 350, 750]);
});
