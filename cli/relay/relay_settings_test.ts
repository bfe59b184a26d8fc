import assert from "node:assert/strict";
import { Command } from "commander";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";
import { MemoryIo } from "../ui/io.ts";
import { gatherSettings } from "./gather_settings.ts";
import { planRelay } from "./relay_options.ts";
import { addRelayOptions, rateText, RELAY_SETTINGS } from "./relay_settings.ts";

const SECRET = "00112233445566778899aabbccddeeff";

async function inDirectory(use: (path: (name: string) => string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await use((name) => `${dir}/${name}`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function gather(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const command = addRelayOptions(new Command("relay"));
  command.parse([...args], { from: "user" });
  return gatherSettings(command, new MemoryIo("", env));
}

const plan = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  planRelay(gather(["--secret", SECRET, ...args], env), new MemoryIo("", env), Date.now());

Deno.test("relay settings: a flag goes before the environment, that before the file, that before the default", async () => {
  await inDirectory(async (path) => {
    await Deno.writeTextFile(
      path("relay.json"),
      JSON.stringify({ max_bitrate: "1M", max_sessions: 5, queue_time: "50ms", udp: false, secret: "ignored" }),
    );
    const env = {
      ARCRTC_RELAY_CONFIG: path("relay.json"),
      ARCRTC_RELAY_MAX_BITRATE: "2M",
      ARCRTC_RELAY_MAX_SESSIONS: "6",
    };
    const { server } = await plan(["--max-bitrate", "3M"], env);
    assert.equal(server.limits?.sessionBps, 3_000_000);
    assert.equal(server.limits?.maxSessions, 6);
    assert.equal(server.limits?.queueMs, 50);
    assert.equal(server.limits?.sessionPps, 5000);
    assert.deepEqual(server.udp, []);
    assert.equal(server.tcp?.length, 1);
  });
});

Deno.test("relay settings: every setting can be given in each of the three ways, under its own name", async () => {
  const samples: Readonly<Record<string, string>> = { host: "::1", impair: "loss=1%", cert: "c.pem", key: "k.pem" };
  await inDirectory(async (path) => {
    for (const [name, setting] of Object.entries(RELAY_SETTINGS)) {
      const isSwitch = !("takes" in setting);
      const text = isSwitch ? String(!("isOn" in setting)) : samples[name] ?? "7";
      const key = name.replaceAll("-", "_");
      await Deno.writeTextFile(path("one.json"), JSON.stringify({ [key]: isSwitch ? text === "true" : text }));
      const flag = isSwitch ? [`--${"isOn" in setting ? "no-" : ""}${name}`] : [`--${name}`, text];
      const ways = [
        gather(flag),
        gather([], { [`ARCRTC_RELAY_${key.toUpperCase()}`]: text }),
        gather(["--config", path("one.json")]),
      ];
      for (const written of ways) assert.equal(written[name as keyof typeof RELAY_SETTINGS]?.text, text, name);
    }
  });
});

Deno.test("relay settings: what they make of the relay", async () => {
  const { server, drainMs, json, log } = await plan([
    ...["--host", "127.0.0.1, ::1", "--udp-port", "4000", "--tcp-port", "4001", "--http-port", "4002", "--id", "eu-1"],
    ...["--max-total-bitrate", "1.5G", "--max-packets", "100", "--drain", "0", "--bind-timeout", "2s", "--json"],
    ...["--impair", "loss=2%", "--seed", "9"],
  ]);
  assert.deepEqual(server.udp, [{ host: "127.0.0.1", port: 4000 }, { host: "::1", port: 4000 }]);
  assert.deepEqual(server.tcp, [{ host: "127.0.0.1", port: 4001 }, { host: "::1", port: 4001 }]);
  assert.deepEqual(server.http, { host: "127.0.0.1", port: 4002 });
  assert.equal(server.tls, undefined);
  assert.equal(server.relayId, "eu-1");
  assert.equal(server.secret.length, 16);
  assert.equal(server.limits?.totalBps, 1_500_000_000);
  assert.equal(server.limits?.sessionPps, 100);
  assert.equal(server.connectionLimits?.bindTimeoutMs, 2000);
  assert.equal(server.impairment?.seed, 9);
  assert.equal(server.impairment?.impairment.lossRate, 0.02);
  assert.deepEqual([drainMs, json, log], [0, true, "none"]);
  assert.equal((await plan(["--self-signed"])).server.tls?.[0].port, 5349);
  assert.equal((await plan([])).log, "text");
});

Deno.test("relay: what cannot be used is named, with where it stands and what to write, before anything is opened", async () => {
  await inDirectory(async (path) => {
    await Deno.writeTextFile(path("no.json"), "{ udp_port: 1 }");
    await Deno.writeTextFile(path("list.json"), "[]");
    await Deno.writeTextFile(path("typo.json"), '{"max_bitrat": "1M"}');
    await Deno.writeTextFile(path("odd.json"), '{"frobnicate": 1}');
    await Deno.writeTextFile(path("deep.json"), '{"host": {"ip": "::1"}}');
    await Deno.writeTextFile(path("value.json"), `{"max_bitrate": "fast", "secret": "${SECRET}"}`);
    const secret = ["--secret", SECRET];
    const wrongs: [readonly string[], RegExp, RegExp, Readonly<Record<string, string>>?][] = [
      [[], /there is no secret/, /openssl rand -hex 32/],
      [["--secret", "short"], /--secret: the relay secret is not written in hex/, /openssl rand/],
      [["--secret", "00ff"], /--secret: the relay secret needs 16 bytes or more, this one has 2/, /openssl rand/],
      [["--secret", "@/nowhere"], /cannot read \/nowhere/, /./],
      [[], /ARCRTC_RELAY_SECRET: the relay secret/, /openssl rand/, { ARCRTC_RELAY_SECRET: "00" }],
      [[...secret, "--udp-port", "99999"], /--udp-port: '99999' cannot be used/, /whole number from 0 to 65535/],
      [[...secret, "--max-bitrate", "0"], /--max-bitrate: '0'/, /500k, 20M or 1G/],
      [[...secret, "--queue-time", "soon"], /--queue-time: 'soon'/, /500ms, 10s/],
      [[...secret, "--host", "localhost"], /--host: 'localhost'/, /0\.0\.0\.0 every IPv4/],
      [[...secret, "--host", "::1,::1"], /--host: '::1,::1'/, /IP addresses/],
      [[...secret, "--id", "a relay"], /--id: 'a relay'/, /letters, digits/],
      [[...secret, "--log", "loud"], /--log: 'loud'/, /text, json, none/],
      [[...secret, "--impair", "loss=2"], /--impair: .*'loss=2': it is written like loss=2%/, /--help lists/],
      [[...secret, "--impair", "loss=2%", "--seed", "x"], /--seed: 'x'/, /whole number/],
      [[...secret, "--cert", "c.pem"], /--cert needs --key/, /--self-signed makes a pair/],
      [[...secret, "--no-udp", "--no-tcp"], /nothing is left to listen on/, /leave out --no-udp/],
      [
        [...secret, "--max-sessions", "900000", "--udp-port", "0"],
        /addresses for \d+ sessions/,
        /lower --max-sessions/,
      ],
      [[], /ARCRTC_RELAY_UDP: 'maybe' cannot be used/, /true or false/, {
        ARCRTC_RELAY_SECRET: SECRET,
        ARCRTC_RELAY_UDP: "maybe",
      }],
      [["-c", path("none.json")], /cannot read .*none\.json/, /./],
      [["-c", path("no.json")], /no\.json is no JSON/, /"udp_port": 3478/],
      [["-c", path("list.json")], /list\.json is no JSON object/, /"udp_port": 3478/],
      [["-c", path("typo.json")], /there is no setting 'max_bitrat'/, /did you mean 'max_bitrate'/],
      [["-c", path("odd.json")], /there is no setting 'frobnicate'/, /the settings are id, secret, host/],
      [["-c", path("deep.json")], /'host' is not a string, number or boolean/, /./],
      [["-c", path("value.json")], /value\.json: max_bitrate: 'fast' cannot be used/, /500k, 20M or 1G/],
    ];
    for (const [args, message, hint, env = {}] of wrongs) {
      const { exitCode, out, err } = await runArgs(["relay", ...args], "", env);
      assert.equal(exitCode, EXIT.usage, `${args}: ${err}`);
      assert.equal(out, "");
      const [first, second = ""] = err.split("\nhint: ");
      assert.match(first, message);
      assert.match(second || first, hint);
      assert.ok(!err.includes(SECRET), "no secret in errors");
    }
  });
});

Deno.test("rateText: as people write rates", () => {
  assert.deepEqual([20e6, 1.5e6, 64_000, 999].map(rateText), ["20M", "1500k", "64k", "999"]);
});
