import assert from "node:assert/strict";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";

const CAPTURES = "fixtures/captures/";
const PHOENIX = `${CAPTURES}call-phoenix.pcapng`;
const LAYERS = `${CAPTURES}made/layers.pcapng`;

const dump = (...args: string[]) => runArgs(["dump", ...args]);

function hasProgram(name: string): boolean {
  try {
    return new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** A folder for the time of a test. */
async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    await test(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** What the units are, without the packets' numbers. */
async function units(path: string, ...args: string[]) {
  const { out } = await dump(path, "--json", "--hex", "--quiet", ...args);
  return out.trimEnd().split("\n").filter(Boolean).map((line) => {
    const { unit: _u, packet: _p, ...rest } = JSON.parse(line);
    return rest;
  });
}

Deno.test("dump --write: all packets, converted to the other format, show the same units", () =>
  inFolder(async (folder) => {
    for (const name of ["call-phoenix.pcapng", "call-tcp.pcap", "call-tls.pcap"]) {
      const before = await units(`${CAPTURES}${name}`);
      for (const extension of ["pcap", "pcapng"]) {
        const path = `${folder}/all.${extension}`;
        const { exitCode, out, err } = await dump(`${CAPTURES}${name}`, "--write", path);
        assert.deepEqual([exitCode, out], [EXIT.ok, ""]);
        assert.match(err, /^(\d+) of \1 packets written to /m);
        assert.deepEqual(await units(path), before);
      }
    }
  }));

Deno.test("dump --write --filter: packets of the units that pass, fragments and whole connections with them", () =>
  inFolder(async (folder) => {
    const path = `${folder}/some.pcapng`;
    await dump(PHOENIX, "--filter", "role == audio", "--write", path);
    const audio = await units(PHOENIX, "--filter", "role == audio && transport == udp");
    const written = await units(path);
    assert.equal(written.length, audio.length);
    assert.deepEqual(written.map(({ hex }) => hex), audio.map(({ hex }) => hex));
    await dump(PHOENIX, "--filter", "type == CONNECT", "--write", path);
    assert.deepEqual(await units(path), await units(PHOENIX, "--filter", "transport == ws"));
    const { err } = await dump(LAYERS, "--filter", "packet in {5, 7}", "--write", path);
    assert.match(err, /^4 of 10 packets written/);
    assert.equal((await units(path)).length, 2);
  }));

Deno.test("dump --write --count, -: the first units only, to standard output", async () => {
  const { outBytes, err } = await dump(LAYERS, "--count", "2", "--write", "-", "--quiet");
  assert.equal(err, "");
  const { out } = await runArgs(["dump", "-"], outBytes);
  assert.equal(out.trimEnd().split("\n").length, 2);
});

Deno.test({
  name: "dump --write: tshark and tcpdump read what is written (needs tshark and tcpdump)",
  ignore: !hasProgram("tshark") || !hasProgram("tcpdump"),
  fn: () =>
    inFolder(async (folder) => {
      const packets = (program: string, args: string[]) => {
        const { stdout, success } = new Deno.Command(program, { args, stderr: "null" }).outputSync();
        assert.ok(success, program);
        return new TextDecoder().decode(stdout).trimEnd().split("\n").length;
      };
      for (const extension of ["pcap", "pcapng"]) {
        const path = `${folder}/all.${extension}`;
        const written = Number(/^(\d+) of/m.exec((await dump(PHOENIX, "--write", path)).err)?.[1]);
        assert.ok(written > 100);
        assert.equal(packets("tshark", ["-r", path]), written);
        assert.equal(packets("tcpdump", ["-n", "-r", path]), written);
      }
    }),
});

Deno.test("dump --embed-keys: the capture then opens by itself", () =>
  inFolder(async (folder) => {
    const keys = `${CAPTURES}call-phoenix.keys`;
    const path = `${folder}/open.pcapng`;
    const { exitCode, err } = await dump(PHOENIX, "--keylog", keys, "--embed-keys", path);
    assert.equal(exitCode, EXIT.ok, err);
    assert.deepEqual(await units(path), await units(PHOENIX, "--keylog", keys));
    if (Deno.build.os !== "windows") assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
    // Copied with the packets from then on, and told of.
    const again = await dump(path, "--write", `${folder}/copy.pcapng`);
    assert.match(again.err, /holds the keys of/);
    assert.deepEqual(await units(`${folder}/copy.pcapng`), await units(path));
    assert.match((await dump(path, "--write", `${folder}/copy.pcap`)).err, /keys of .* are left out/);
  }));

Deno.test("dump --write, --embed-keys: what cannot be written is refused before anything is", () =>
  inFolder(async (folder) => {
    const refused: [string[], RegExp][] = [
      [[PHOENIX, "--embed-keys", `${folder}/x.pcapng`], /no keys to embed\nhint: .*--keylog/],
      [
        [PHOENIX, "--keylog", `${CAPTURES}call-phoenix.keys`, "--embed-keys", `${folder}/x.pcap`],
        /pcap has no place for keys/,
      ],
      [[PHOENIX, "--write", PHOENIX], /is the capture that is read/],
      [[PHOENIX, "--write", `${folder}/no/x.pcap`], /cannot write/],
      [[PHOENIX, "--write", `${folder}/x.pcap`, "--json"], /cannot be used with/],
    ];
    for (const [args, message] of refused) {
      const { exitCode, err } = await dump(...args);
      assert.equal(exitCode, EXIT.usage, args.join(" "));
      assert.match(err, message);
    }
    const none = await dump(PHOENIX, "--filter", "ssrc == 1", "--write", `${folder}/x.pcap`);
    assert.deepEqual([none.exitCode, [...Deno.readDirSync(folder)]], [EXIT.nothingSelected, []]);
    const piped = await runArgs(
      ["dump", "-", "--filter", "ssrc", "--write", `${folder}/x.pcap`],
      Deno.readFileSync(PHOENIX),
    );
    assert.equal(piped.exitCode, EXIT.usage);
    assert.match(piped.err, /standard input, which is read once\nhint: write all of it to a file first/);
  }));

Deno.test("dump --write: of a damaged capture what could be read, and the exit code says so", () =>
  inFolder(async (folder) => {
    const path = `${folder}/rest.pcapng`;
    const { exitCode, err } = await dump(`${CAPTURES}broken/length-bomb.pcap`, "--write", path);
    assert.equal(exitCode, EXIT.finding);
    assert.match(err, /error: .*the 2 packets before it were read/);
    assert.equal((await units(path)).length, 2);
  }));
