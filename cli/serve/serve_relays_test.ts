import assert from "node:assert/strict";
import { CliError } from "../ui/cli_error.ts";
import { MemoryIo } from "../ui/io.ts";
import { parseRelay, type RelayFlags, servedRelays } from "./serve_relays.ts";

const SECRET = "00112233445566778899aabbccddeeff";
const BYTES = Uint8Array.from({ length: 16 }, (_, i) => i * 0x11);

function relays(flags: Partial<RelayFlags>, env: Record<string, string> = {}) {
  return servedRelays({ relayTokenTtl: 86_400_000, ...flags }, new MemoryIo("", env));
}

Deno.test("serve --relay: name, address, port, priority, and what comes after", () => {
  assert.deepEqual(parseRelay("eu-1@192.0.2.1:3478"), {
    id: "eu-1",
    host: "192.0.2.1",
    ports: { udp: 3478 },
    priority: 0,
  });
  assert.deepEqual(parseRelay(" eu_2@relay.example:1/65535;tcp=2;metrics=http://[::1]:9100/metrics;tls=65535 "), {
    id: "eu_2",
    host: "relay.example",
    ports: { udp: 1, tcp: 2, tls: 65_535 },
    priority: 65_535,
    metricsUrl: "http://[::1]:9100/metrics",
  });
  assert.equal(parseRelay("x@[2001:db8::1]:3478").host, "2001:db8::1");
});

Deno.test("serve --relay: what is no relay is refused, with what is wrong and what one looks like", () => {
  const cases: [string, RegExp][] = [
    ["", /there is no ID@/],
    ["192.0.2.1:3478", /there is no ID@/],
    ["@192.0.2.1:3478", /an ID has 1 to 64/],
    [`${"x".repeat(65)}@192.0.2.1:3478`, /an ID has 1 to 64/],
    ['a"b@192.0.2.1:3478', /an ID has/],
    ["a@192.0.2.1", /no HOST:PORT/],
    ["a@192.0.2.1:", /no HOST:PORT/],
    ["a@192.0.2.1:udp", /no HOST:PORT/],
    ["a@::1:3478", /no HOST:PORT/],
    ["a@192.0.2.1:0", /a port is 1 to 65535, not 0/],
    ["a@192.0.2.1:65536", /a port is/],
    ["a@192.0.2.256:1", /'192\.0\.2\.256' is no host/],
    ["a@[192.0.2.1]:1", /is no host/],
    ["a@[fe80::1%eth0]:1", /is no host/],
    ["a@no host:1", /'no host' is no host/],
    ["a@:1", /'' is no host/],
    ["a@192.0.2.1:1/65536", /a priority is 0 to 65535/],
    ["a@192.0.2.1:1/low", /no HOST:PORT/],
    ["a@192.0.2.1:1;udp=2", /'udp=2' is neither/],
    ["a@192.0.2.1:1;", /'' is neither/],
    ["a@192.0.2.1:1;tcp=1;tcp=2", /tcp is given twice/],
    ["a@192.0.2.1:1;tcp=0", /a port is 1 to 65535, not 0/],
    ["a@192.0.2.1:1;metrics=ftp://x", /no http or https URL/],
    ["a@192.0.2.1:1;metrics=http://me:word@x/", /or has a password in it/],
  ];
  for (const [text, why] of cases) {
    assert.throws(() => parseRelay(text), (error) => {
      assert.ok(error instanceof CliError, text);
      assert.match(error.message, why, text);
      assert.match(error.hint ?? "", /^a relay is ID@HOST:PORT\[\/PRIORITY\]/);
      return true;
    });
  }
});

Deno.test("serve --relay: lists and repetitions add up, within a limit", () => {
  const several = relays({ relay: ["a@h:1,b@h:2", "c@h:3"], relaySecret: SECRET });
  assert.deepEqual(several?.sites.map(({ id, ports }) => [id, ports.udp]), [["a", 1], ["b", 2], ["c", 3]]);
  assert.equal(several?.tokenTtlMs, 86_400_000);
  const many = Array.from({ length: 65 }, (_, i) => `r${i}@h:1`);
  assert.equal(relays({ relay: many.slice(1), relaySecret: SECRET })?.sites.length, 64);
  assert.throws(() => relays({ relay: many, relaySecret: SECRET }), /65 relays, the limit is 64/);
  assert.equal(relays({}), undefined);
});

Deno.test("serve --relay-secret: from the flag, a file or the environment, the flag first", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, `${SECRET.toUpperCase()}\r\n`);
  const relay = ["a@h:1"];
  const env = { ARCRTC_RELAY_SECRET: "ff".repeat(32) };
  assert.deepEqual(relays({ relay, relaySecret: SECRET }, env)?.secret, BYTES);
  assert.deepEqual(relays({ relay, relaySecret: `@${path}` }, env)?.secret, BYTES);
  assert.deepEqual(relays({ relay }, { ARCRTC_RELAY_SECRET: `@${path}` })?.secret, BYTES);
  assert.deepEqual(relays({ relay }, env)?.secret, new Uint8Array(32).fill(255));
  assert.equal(relays({}, env), undefined, "an environment for several programs is no mistake");
  assert.throws(() => relays({ relay }, { ARCRTC_RELAY_SECRET: "" }), /--relay needs --relay-secret/);
  assert.throws(() => relays({ relay }, { ARCRTC_RELAY_SECRET: "zz" }), /ARCRTC_RELAY_SECRET: .* not written in hex/);
  assert.throws(() => relays({ relay, relaySecret: "" }), /16 bytes or more, this one has 0/);
  await Deno.remove(path);
});
