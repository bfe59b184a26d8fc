import assert from "node:assert/strict";
import { MISSING, peerCommands, signalUrl, wordsOf } from "./peer_source.ts";
import { PEER_WAYS } from "./peer_way.ts";

const MEETING = {
  role: "caller",
  signalUrl: "tcp://127.0.0.1:7000",
  sessionId: "11111111-1111-4111-8111-111111111111",
  peerId: "22222222-2222-4222-8222-222222222222",
} as const;
const RELAY = { id: "r", place: { host: "127.0.0.1", port: 3478 }, priority: 10, token: "{peer}", expiresS: 9 };
const COMMAND =
  "peer call --signal {signal} --peer={peer} '--relay=r@{relay};token={relay_token}' --ca={ca} --token={token}";

Deno.test("a peer's command: words with what a dialogue does not have are left out, and values are not read again", () => {
  const plain = ["peer", "call", "--signal", MEETING.signalUrl, `--peer=${MEETING.peerId}`];
  assert.deepEqual(wordsOf(COMMAND, MEETING), plain);
  assert.deepEqual(wordsOf(COMMAND, { ...MEETING, relay: RELAY, token: "{signal}" }, "ca.pem"), [
    ...plain,
    "--relay=r@127.0.0.1:3478;token={peer}",
    "--ca=ca.pem",
    "--token={signal}",
  ]);
});

Deno.test("a peer's command says by its placeholders what the peer can be told; what is missing is named", () => {
  const source = peerCommands({ caller: COMMAND, callee: "peer listen --relay=r@{relay}" });
  assert.ok(source.takes("caller", "relay") && source.takes("caller", "ca"));
  assert.ok(!source.takes("callee", "relay") && !source.takes("callee", "ca") && !source.takes("callee", "token"));
  assert.match(MISSING.relay("callee"), /^needs \{relay\} and \{relay_token\} in --peer-listen/);
});

Deno.test("a peer is told by the URL how to speak to its server, as our own reads it", () => {
  const place = { host: "127.0.0.1", port: 7000 };
  assert.deepEqual(PEER_WAYS.map((way) => signalUrl(way, place)), [
    "tcp://127.0.0.1:7000",
    "ws://127.0.0.1:7000",
    "ws://127.0.0.1:7000/plain",
  ]);
});
