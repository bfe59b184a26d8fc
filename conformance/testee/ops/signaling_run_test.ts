import assert from "node:assert/strict";
import { nobleBackend } from "../../../lib/crypto/backend_noble.ts";
import { ownTestee } from "../own.ts";
import { ask, freshTestee } from "../testing.ts";

const SESSION = "11111111-1111-4111-8111-111111111111";
const ANNA = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const BEN = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";

interface Run {
  readonly ok: {
    readonly outputs: readonly { at_ms: number; to?: string; message: Record<string, unknown> }[];
    readonly closed?: readonly { at_ms: number; to: string }[];
    readonly state: string;
    readonly events: readonly string[];
    readonly identity_verified?: boolean;
    readonly protected?: readonly object[];
  };
}

function run(request: object): Run["ok"] {
  const answer = ownTestee({ version: "0", crypto: nobleBackend }).answer({ id: 1, op: "signaling.run", ...request });
  assert.ok("ok" in answer, JSON.stringify(answer));
  return (answer as Run).ok;
}

function types(ok: Run["ok"]): unknown[] {
  return ok.outputs.map(({ at_ms, message }) => [at_ms, message.type]);
}

Deno.test("caller: CONNECT is repeated on virtual time until the run ends", () => {
  const ok = run({ role: "caller", inputs: [], config: { datagrams: true, until_ms: 20_000 } });
  assert.deepEqual(
    types(ok).filter((entry) => (entry as unknown[])[1] === "CONNECT"),
    [0, 200, 600, 1400, 3000, 6200].map((atMs) => [atMs, "CONNECT"]),
  );
  assert.equal(ok.state, "closed");
});

Deno.test("callee: answers a caller's CONNECT, and the same private keys give the same answer", () => {
  const caller = run({ role: "caller", inputs: [], config: { session_id: SESSION, private_keys: ["01".repeat(32)] } });
  const connect = caller.outputs[0].message;
  const inputs = [{ at_ms: 5, message: connect }, { at_ms: 50, message: connect }];
  const request = { role: "callee", inputs, config: { private_keys: ["02".repeat(32)] } };
  const callee = run(request);
  const acks = callee.outputs.filter(({ message }) => message.type === "CONNECT_ACK");
  assert.equal(acks.length, 2, "a repetition gets the same answer");
  assert.deepEqual(acks[0].message, acks[1].message);
  assert.equal(callee.state, "connected");
  assert.deepEqual(run(request), callee);
  const back = run({
    role: "caller",
    inputs: [{ at_ms: 30, message: acks[0].message }, { at_ms: 40, command: "rotate" }],
    config: { session_id: SESSION, private_keys: ["01".repeat(32), "03".repeat(32)] },
  });
  assert.equal(back.state, "connected");
  assert.ok(back.outputs.some(({ at_ms, message }) => at_ms === 40 && message.type === "KEY_ROTATE"));
});

Deno.test("server: forwards between two, refuses a third, closes who is silent", () => {
  const beat = (peer_id: string) => ({ type: "HEARTBEAT", session_id: SESSION, sequence: 1, peer_id, timestamp: 1 });
  const ok = run({
    role: "server",
    config: { idle_ms: 1000, until_ms: 5000 },
    inputs: [
      { at_ms: 0, from: "a", message: beat(ANNA) },
      { at_ms: 10, from: "b", message: beat(BEN) },
      { at_ms: 20, from: "c", message: beat("cccccccc-cccc-4ccc-8ccc-cccccccccccc") },
      { at_ms: 30, from: "a", json: "{" },
    ],
  });
  assert.deepEqual(ok.outputs.map(({ at_ms, to, message }) => [at_ms, to, message.type, message.code ?? null]), [
    [0, "a", "HEARTBEAT_ACK", null],
    [10, "a", "HEARTBEAT", null],
    [20, "c", "ERROR", "busy"],
    [30, "a", "ERROR", "bad_json"],
  ]);
  assert.deepEqual(ok.closed?.map(({ to }) => to).sort(), ["a", "b", "c"]);
});

Deno.test("callee: protects as many packets as its keys may, and only in a session", () => {
  const [connect] = run({ role: "caller", inputs: [], config: { session_id: SESSION } }).outputs;
  const protect = (at_ms: number, packets: number) => ({ at_ms, command: "protect", stream_id: BEN, ssrc: 1, packets });
  const ok = run({
    role: "callee",
    inputs: [{ at_ms: 5, message: connect.message }, protect(6, 3), protect(7, 3)],
    config: { rotation_packets: 5 },
  });
  assert.deepEqual(ok.protected, [
    { at_ms: 6, ssrc: 1, epoch: 0, packets: 3 },
    { at_ms: 7, ssrc: 1, epoch: 0, packets: 2 },
  ]);
  assert.equal(ok.identity_verified, false, "nobody has shown one");
  const answer = ask(freshTestee(), { op: "signaling.run", role: "callee", inputs: [protect(6, 1)] });
  assert.deepEqual(answer, { error: "$.inputs[0].command needs a connected session" });
});

Deno.test("an identity that cannot be used is an error, which says what is wrong with it", () => {
  const ofIdentity = (identity: object) =>
    ask(freshTestee(), { op: "signaling.run", role: "caller", inputs: [], config: { identity } }).error;
  assert.equal(ofIdentity({ pin: "00" }), "$.config.identity.pin must be 32 bytes of hex, not 1");
  assert.equal(ofIdentity({ required: true, ca: [] }), "$.config.identity.ca and required exclude each other");
  assert.match(String(ofIdentity({ ca: ["AAAA"] })), /^\$\.config\.identity\.ca: Cannot parse certificate: /);
  assert.match(String(ofIdentity({ certificate: "AAAA" })), /^\$\.config\.identity\.certificate: Cannot parse/);
});

Deno.test("a request that goes back in time or names no role is an error", () => {
  const testee = ownTestee({ version: "0", crypto: nobleBackend });
  for (
    const request of [
      { role: "caller", inputs: [{ at_ms: 5, command: "up" }, { at_ms: 4, command: "down" }] },
      { role: "nobody", inputs: [] },
      { role: "caller", inputs: [{ at_ms: 5, command: "dance" }] },
    ]
  ) assert.ok("error" in testee.answer({ id: 1, op: "signaling.run", ...request }));
});
