/** `arcrtc ping` against servers and relays as its help has them, and as a process. */
import assert from "node:assert/strict";
import { toHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { nobodysPort } from "../../lib/net/testing/probe_peer.ts";
import { RelayRig } from "../../lib/net/testing/relay_rig.ts";
import { Rig } from "../../lib/net/testing/signaling_rig.ts";
import { parseImpairment } from "../../lib/relay/impairment.ts";
import { SECRET } from "../../lib/relay/testing/relay_world.ts";
import { EXIT } from "../exit_codes.ts";
import { examplesOf, runArgs, runLine } from "../testing/run_line.ts";
import { COMMANDS } from "./registry.ts";

const ping = (...args: string[]) => runArgs(["ping", ...args]);

async function withRig(use: (urls: Rig["server"]["urls"]) => Promise<void>): Promise<void> {
  const rig = await Rig.start();
  try {
    await use(rig.server.urls);
  } finally {
    await rig.close();
  }
}

Deno.test("ping --compare: pairs against the first, with bounds, and a real difference is found", async () => {
  const impairment = unwrap(parseImpairment("delay=30ms"));
  const relay = await RelayRig.start({ impairment: { impairment, seed: 1 } });
  const port = relay.server.listening.udp[0].port;
  try {
    const urls = [`udp://127.0.0.1:${port}`, `relay://127.0.0.1:${port}`];
    const secret = ["--relay-secret", toHex(SECRET)];
    const args = ["--compare", ...urls, ...secret, "-c", "25", "-i", "20ms", "--json", "-q"];
    const [summary] = [JSON.parse((await ping(...args)).out)];
    const [comparison] = summary.comparisons;
    assert.deepEqual([comparison.reference, comparison.target], urls);
    assert.equal(comparison.verdict, "slower");
    assert.ok(comparison.low_ms > 0 && comparison.low_ms <= comparison.median_ms);
    assert.ok(comparison.median_ms <= comparison.high_ms && comparison.median_ms >= 59);
    assert.ok(comparison.pairs > 10 && comparison.noise_ms > 0 && comparison.confidence === 0.95);
    const text = (await ping("--no-floor", "--compare", ...urls, ...secret, "-c", "8", "-i", "20ms", "-q")).out;
    assert.match(text, /^--- compared with udp:\S+, in pairs ---\n +median +95 % bounds$/m);
    assert.match(text, /^relay:\/\/\S+ +\+\S+ ms +\[\+\S+, \+\S+\] +\d pairs +slower$/m);
    assert.match(text, /^one way /m);
  } finally {
    await relay.close();
  }
});

Deno.test("ping: every example of its help does what it says", async () => {
  await withRig(async ({ udp = "", stream: tcp = "", phoenix = "" }) => {
    const nobody = await nobodysPort();
    const relay = await RelayRig.start();
    const relayPort = relay.server.listening.udp[0].port;
    const examples = examplesOf((await ping("--help")).out);
    assert.ok(examples.length >= 6);
    for (const { line, exitCode } of examples) {
      const here = line.replaceAll("udp://127.0.0.1:7480", udp).replaceAll("tcp://127.0.0.1:7481", tcp)
        .replaceAll("ws://127.0.0.1:7480", phoenix.replace("/socket/websocket", ""))
        .replace("127.0.0.1:9 ", `127.0.0.1:${nobody} `)
        .replaceAll("127.0.0.1:3478", `127.0.0.1:${relayPort}`).replace("@relay.secret", toHex(SECRET));
      // At their own pace they would take half a minute.
      const pace = line.includes("--interval") || line.includes("--flood") ? "" : " --interval 5ms";
      const ran = await runLine(`${here} --no-floor${pace}`);
      assert.equal(ran.exitCode, exitCode, `${line}\n${ran.err}\n${ran.out}`);
      assert.notEqual(exitCode === EXIT.ok ? ran.out : ran.err, "", line);
    }
    await relay.close();
  });
});

Deno.test("ping: Ctrl-C ends with the summary, exit code 130, within the permissions that it names", async () => {
  await withRig(async ({ udp = "" }) => {
    const permissions = COMMANDS.find(({ name }) => name === "ping")?.permissions.split(" ") ?? [];
    const main = new URL("../main.ts", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...permissions, main, "ping", udp, "-i", "20ms", "--json"],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const err = new Response(child.stderr).text();
    let out = "";
    let isKilled = false;
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      out += text;
      if (/"event":"answer"[\s\S]*"event":"answer"/.test(out)) {
        isKilled ||= (child.kill("SIGINT"), true);
      }
    }
    const { code } = await child.status;
    assert.equal(await err, "");
    assert.equal(code, EXIT.interrupted);
    const summary = JSON.parse(out.trimEnd().split("\n").at(-1) ?? "");
    assert.deepEqual([summary.event, summary.exit, summary.interrupted], ["summary", "interrupted", true]);
    assert.ok(summary.targets[0].answered >= 2);
  });
});
