import assert from "node:assert/strict";
import { CaptureReader } from "../../lib/dissect/capture/capture_reader.ts";
import { UnitModeller } from "../../lib/dissect/model/unit_modeller.ts";
import { PacketDissector } from "../../lib/dissect/units/packet_dissector.ts";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";

const CAPTURES = "fixtures/captures/";

const dump = (...args: string[]) => runArgs(["dump", ...args]);

/** All captures beside which tests have something to compare. */
function fixtures(): string[] {
  return ["", "made/", "broken/"].flatMap((folder) =>
    [...Deno.readDirSync(`${CAPTURES}${folder}`)].map(({ name }) => `${folder}${name}`).filter((name) =>
      /\.pcap(ng)?$/.test(name)
    )
  ).sort();
}

/** Redacts each capture into a file of its own, for the time of a test. */
async function eachRedacted(test: (name: string, before: string, after: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    for (const name of fixtures()) {
      const after = `${folder}/redacted.pcapng`;
      const { exitCode, out } = await dump(`${CAPTURES}${name}`, "--redact", after);
      assert.ok(exitCode === EXIT.ok || exitCode === EXIT.finding, name);
      assert.equal(out, "");
      await test(name, `${CAPTURES}${name}`, after);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const ENDPOINT = /"(?:\[[0-9a-f:.]+\]|\d+\.\d+\.\d+\.\d+):(\d+)"/g;

/** Names become the number of their first appearance: pseudonyms that are consistent give the same text. */
function anonymous(json: string): string {
  const numbers = new Map<string, string>();
  const number = (name: string) => {
    const known = numbers.get(name) ?? `#${numbers.size}`;
    numbers.set(name, known);
    return known;
  };
  return json.replace(ID, (id) => number(id)).replace(ENDPOINT, (end) => `"${number(end)}"`)
    .replace(/stream [0-9a-f]{8} /g, (id) => number(id));
}

/** What lies behind a hole comes out at the capture's end, in a packet of its own once it is redacted. */
function withoutPackets(json: string): string {
  return json.replace(/"(?:\w+_)?packet": \d+/g, "");
}

Deno.test("dump --redact: --streams and --calls say the same of every capture before and after", async () => {
  let withMedia = 0;
  await eachRedacted(async (name, before, after) => {
    const plain = name === "broken/tcp-hole.pcap" ? withoutPackets : (json: string) => json;
    for (const report of ["--streams", "--calls"]) {
      const [was, is] = [await dump(before, report, "--json", "-q"), await dump(after, report, "--json", "-q")];
      assert.equal(plain(anonymous(is.out)), plain(anonymous(was.out)), `${report} of ${name}`);
      if (report === "--streams" && was.out.includes('"ssrc"')) withMedia++;
    }
  });
  assert.ok(withMedia >= 8);
});

Deno.test("dump --redact: sizes, times and kinds of all units stay", async () => {
  const told = async (path: string) =>
    (await dump(path, "--fields", "time,transport,kind,type,length,ssrc,arcrtp.seq,arcrtp.timestamp", "-q")).out;
  await eachRedacted(async (name, before, after) => {
    assert.equal(await told(after), await told(before), name);
  });
});

/** Bytes as text, to look for others in. */
const textOf = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);

/** Everything in a capture that must not be in a redacted one: ids, keys, addresses, payload. */
function secretsOf(
  file: Uint8Array,
): { readonly found: ReadonlyMap<string, string>; readonly hosts: ReadonlySet<string> } {
  const found = new Map<string, string>();
  const hosts = new Set<string>();
  const modeller = new UnitModeller();
  const reader = new CaptureReader();
  const strings = (value: unknown): string[] => {
    if (typeof value === "string") return value.length >= 16 ? [value] : [];
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : [];
  };
  const dissector = new PacketDissector({
    unit: (unit) => {
      const model = modeller.handle(unit);
      for (const text of strings(model.message ?? model.engineMessage)) {
        if (text !== "00000000-0000-0000-0000-000000000000" && !/^(aes|chacha20|hmac)|^[A-Z_]+$/.test(text)) {
          found.set(text, "text");
        }
      }
      for (const { host } of [unit.source, unit.destination]) hosts.add(host);
      const start = model.arc?.headerEnd ?? model.rtp?.rtpHeaderEnd;
      if (unit.kind === 4 && start !== undefined && unit.end - start >= 24) {
        const payload = unit.bytes.subarray(unit.end - 20, unit.end - 4);
        if (new Set(payload).size > 4) found.set(textOf(payload), "payload");
      }
    },
    note: () => {},
  });
  reader.feed(file);
  for (let event = reader.next(); event !== undefined; event = reader.next()) {
    if (event === "frame") dissector.handle(reader.frame);
    const keys = reader.secrets;
    if (event !== "secrets" || keys === undefined) continue;
    for (const [, key] of new TextDecoder().decode(keys.bytes).matchAll(/^ARCRTC_MASTER \S+ \d+ (\S+)/gm)) {
      found.set(key, "master key");
    }
  }
  dissector.end();
  return { found, hosts };
}

Deno.test("dump --redact: no id, key, token, address or payload is left", async () => {
  const kinds = new Set<string>();
  await eachRedacted((name, before, after) => {
    const file = Deno.readFileSync(after);
    const redacted = textOf(file);
    const was = secretsOf(Deno.readFileSync(before));
    for (const [secret, what] of was.found) {
      kinds.add(what);
      assert.ok(!redacted.includes(secret), `${name}: ${what}`);
    }
    const is = secretsOf(file);
    assert.equal(is.hosts.size, was.hosts.size, name);
    for (const host of was.hosts) assert.ok(!is.hosts.has(host) && !redacted.includes(`"${host}"`), `${name}: ${host}`);
    return Promise.resolve();
  });
  assert.deepEqual([...kinds].sort(), ["master key", "payload", "text"]);
});

Deno.test("dump --redact: twice gives other names; rules that held still hold", async () => {
  await eachRedacted(async (name, before, after) => {
    if (!/^call-/.test(name)) return;
    const first = Deno.readFileSync(after);
    await dump(before, "--redact", after);
    assert.notDeepEqual(Deno.readFileSync(after), first);
    const { out, exitCode } = await dump(after, "--check");
    assert.equal(exitCode, EXIT.ok, `${name}: ${out}`);
  });
});

Deno.test("dump --redact: needs all of the capture, and no keys", async () => {
  const call = `${CAPTURES}call-phoenix.pcapng`;
  for (
    const flags of [["--filter", "ssrc"], ["--streams"], ["--keylog", `${CAPTURES}call-phoenix.keys`], ["--write", "x"]]
  ) {
    const { exitCode, err } = await dump(call, "--redact", "never-written.pcapng", ...flags);
    assert.equal(exitCode, EXIT.usage, flags.join(" "));
    assert.match(err, /cannot be used with/);
  }
});
