import assert from "node:assert/strict";
import { COMMANDS } from "./commands/registry.ts";
import { EXIT } from "./exit_codes.ts";
import { examplesOf, runArgs, runLine } from "./testing/run_line.ts";
import { VERSION } from "./version.ts";

// deno-lint-ignore no-control-regex
const ESCAPE = /\x1b\[/;

Deno.test("--help of the program names every command", async () => {
  const { exitCode, out, err } = await runArgs(["--help"]);
  assert.equal(exitCode, EXIT.ok);
  assert.equal(err, "");
  for (const { name, summary } of COMMANDS) assert.match(out, new RegExp(`^  ${name} +${escaped(summary)}$`, "m"));
  assert.match(out, /^ {2}complete +print a completion script/m);
});

for (const { name, runsUntilStopped } of COMMANDS) {
  Deno.test(`${name} --help describes itself, on standard output`, async () => {
    const { exitCode, out, err } = await runArgs([name, "--help"]);
    assert.equal(exitCode, EXIT.ok);
    assert.equal(err, "");
    assert.match(out, new RegExp(`^Usage: arcrtc ${name} `));
    assert.match(out, /--help/);
  });

  if (runsUntilStopped) continue;
  Deno.test(`${name}: every example of its help does what it says`, async () => {
    const examples = examplesOf((await runArgs([name, "--help"])).out);
    assert.ok(examples.length >= 2);
    for (const { line, exitCode } of examples) {
      const ran = await runLine(line);
      assert.equal(ran.exitCode, exitCode, `${line}\n${ran.err}`);
      assert.notEqual(ran.out, "", line);
    }
  });
}

Deno.test("no command: usage", async () => {
  const { exitCode, out, err } = await runArgs([]);
  assert.equal(exitCode, EXIT.usage);
  assert.equal(out, "");
  assert.equal(err, "error: no command given\nhint: arcrtc --help lists the commands\n");
});

Deno.test("an unknown command: what was meant", async () => {
  assert.deepEqual(await exitAndErr("decde"), [
    EXIT.usage,
    "error: unknown command 'decde'\nhint: did you mean 'arcrtc decode'?\n",
  ]);
  assert.deepEqual(await exitAndErr("frobnicate"), [
    EXIT.usage,
    "error: unknown command 'frobnicate'\nhint: arcrtc --help lists the commands\n",
  ]);
});

Deno.test("an unknown option and a wrong choice: usage, with the command's help as hint", async () => {
  const [exit, err] = await exitAndErr("decode", "--jsom");
  assert.equal(exit, EXIT.usage);
  assert.match(err, /^error: unknown option '--jsom'\n\(Did you mean --json\?\)\nhint: arcrtc decode --help/);
  const [choice, why] = await exitAndErr("decode", "--type", "stun", "00");
  assert.equal(choice, EXIT.usage);
  assert.match(why, /Allowed choices are auto, arcrtp, rtcp, reduced, json/);
});

async function exitAndErr(...args: string[]): Promise<[number, string]> {
  const { exitCode, out, err } = await runArgs(args);
  assert.equal(out, "");
  return [exitCode, err];
}

Deno.test("--version, and what --verbose adds", async () => {
  for (const flag of ["--version", "-V"]) assert.equal((await runArgs([flag])).out, `arcrtc ${VERSION}\n`);
  const { exitCode, out } = await runArgs(["--version", "--verbose"]);
  assert.equal(exitCode, EXIT.ok);
  const lines = out.trimEnd().split("\n");
  assert.equal(lines[0], `arcrtc ${VERSION}`);
  assert.deepEqual(lines.slice(1).map((line) => line.split(/\s+/)[0]), ["protocol", "runtime", "crypto", "io"]);
});

Deno.test("colours: none without a terminal; FORCE_COLOR gives them, NO_COLOR goes before it", async () => {
  const decode = (env: Readonly<Record<string, string>>) => runArgs(["decode", "80"], "", env);
  assert.doesNotMatch((await decode({})).out, ESCAPE);
  assert.match((await decode({ FORCE_COLOR: "1" })).out, ESCAPE);
  assert.doesNotMatch((await decode({ FORCE_COLOR: "0" })).out, ESCAPE);
  assert.doesNotMatch((await decode({ FORCE_COLOR: "1", NO_COLOR: "1" })).out, ESCAPE);
  assert.match((await runArgs(["nonsense"], "", { FORCE_COLOR: "1" })).err, ESCAPE);
});

/** Command lines whose standard output must be JSON and nothing else; each command of the registry has its own. */
const JSON_LINES: Readonly<Record<string, readonly (readonly [args: readonly string[], input: string])[]>> = {
  decode: [
    [["decode", "--json", "80c9000100000003"], ""],
    [["decode", "--json", "80c90001"], ""],
    [["decode", "--json", "80", "c2"], ""],
    [["decode", "--json", ""], ""],
    [["decode", "--json", "not hex"], ""],
    [["decode", "--json", "--framed", "000180000080"], ""],
    [["decode", "--json"], "80c9000100000003\n# a comment\n\n{\n}\n"],
    [["decode", "--json"], ""],
  ],
  conformance: [
    [["conformance", "--json", "arcrtp/version"], ""],
    [["conformance", "--json", "--list", "arcrtp/version"], ""],
    [["conformance", "--json", "no/such-case"], ""],
    [["conformance", "--json", "--relay", "tcp://127.0.0.1:1"], ""],
  ],
  demo: [
    [["demo", "--json", "--duration", "300ms"], ""],
    [["demo", "--json", "--duration", "never"], ""],
  ],
  dump: [
    [["dump", "--json", "fixtures/captures/call-phoenix.pcapng"], ""],
    [["dump", "--json", "fixtures/captures/broken/length-bomb.pcap"], ""],
    [["dump", "--json", "fixtures/captures/call-phoenix.pcapng", "--filter", "arcrtp.sqe > 1"], ""],
    [["dump", "--json", "--check", "fixtures/captures/broken/malformed-units.pcap"], ""],
    [["dump", "--json", "-"], "no capture"],
  ],
  encode: [
    [["encode", "--json", '{"packets":[]}'], ""],
    [["encode", "--json", '{"packets":7}'], ""],
    [["encode", "--json", "{"], ""],
    [["encode", "--json"], ""],
  ],
  explain: [
    [["explain", "--json", "2"], ""],
    [["explain", "--json", "reduced"], ""],
    [["explain", "--json", "no such word"], ""],
  ],
  fuzz: [
    [["fuzz", "--json", "packet.demux", "--count", "300"], ""],
    [["fuzz", "--json", "--list"], ""],
    [["fuzz", "--json", "no.such"], ""],
    [["fuzz", "--json", "no.*"], ""],
  ],
  peer: [
    [["peer", "call", "--json"], ""],
    [["peer", "listen", "--json", "--signal", "tcp://127.0.0.1:1"], ""],
  ],
  bench: [
    [["bench", "--json", "--only", "parse", "--quick"], ""],
    [["bench", "--json", "--only", "nothing"], ""],
  ],
  load: [
    [["load", "--json", "tcp://127.0.0.1:1", "--duration", "100ms"], ""],
    [["load", "--json", "udp://127.0.0.1:1"], ""],
  ],
  ping: [
    [["ping", "--json", "udp://127.0.0.1"], ""],
    [["ping", "--json", "tcp://127.0.0.1:1", "-c", "1"], ""],
    [["ping", "--json", "tcp://127.0.0.1:1", "--slo", "p99<5"], ""],
  ],
  relay: [
    [["relay", "--json"], ""],
    [["relay", "--json", "--secret", "00"], ""],
    [["relay", "--json", "--secret", "00112233445566778899aabbccddeeff", "--udp-port", "none"], ""],
  ],
  serve: [
    [["serve", "--json"], ""],
    [["serve", "--json", "--open", "--host", "0.0.0.0"], ""],
    [["serve", "--json", "--open", "--cert", "no.such.pem", "--key", "no.such.pem"], ""],
  ],
  testee: [
    [["testee"], '{"id":1,"op":"hello"}\nnonsense\n{"op":"rtp.parse","hex":"80"}\n'],
  ],
};

for (const { name } of COMMANDS) {
  Deno.test(`${name}: with --json standard output is JSON and nothing else, also on faults`, async () => {
    for (const [args, input] of JSON_LINES[name]) {
      const { exitCode, out, err } = await runArgs(args, input, { FORCE_COLOR: "1" });
      assert.doesNotMatch(out, ESCAPE);
      const lines = out.trimEnd().split("\n");
      const documents = parses(out) ? [out] : lines.filter((line) => line !== "");
      for (const document of documents) assert.ok(parses(document), `${args.join(" ")}: ${document}`);
      if (exitCode === EXIT.usage || exitCode === EXIT.nothingSelected) {
        assert.equal(out, "");
        assert.match(err, /error:/);
      }
      if (name !== "testee") {
        for (const document of documents) {
          assert.match(JSON.parse(document).schema, new RegExp(`^arcrtc\\.${name}(\\.[a-z]+)?/1$`));
        }
      }
    }
  });
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
