import assert from "node:assert/strict";
import { EndpointPair } from "./testing/endpoint_pair.ts";

Deno.test("ARC-SIG-heartbeat-token: the callee's joining HEARTBEAT carries its token, no later one does", () => {
  const pair = new EndpointPair({ anna: { token: "anna's" }, ben: { token: "ben's" } });
  pair.up("ben");
  pair.run(60_000);
  pair.up("anna");
  pair.run(60_000);
  const [joining, ...others] = pair.messages("ben", "HEARTBEAT");
  assert.equal(joining.token, "ben's");
  assert.ok(others.length > 3);
  assert.ok(others.every((heartbeat) => heartbeat.token === undefined));
  assert.ok(pair.messages("anna", "HEARTBEAT").every((heartbeat) => heartbeat.token === undefined));
  assert.ok(pair.messages("anna", "CONNECT").every((connect) => connect.token === "anna's"));
});
