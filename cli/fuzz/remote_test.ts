/** Servers of our own, and some that are broken on purpose. */
import assert from "node:assert/strict";
import { openSignaling } from "../../lib/net/open_signaling.ts";
import { ArcrtcProcess } from "../peer/testing/arcrtc_process.ts";
import { runArgs } from "../testing/run_line.ts";
import { delay } from "./remote/remote_target.ts";
import { ownedDirectory } from "./testing/owned_directory.ts";

const SECRET = "00112233445566778899aabbccddeeff";
const SESSION = "33333333-3333-4333-8333-333333333333";

/** A run of `count` cases of each target; the findings in its JSON lines, and the exit code. */
async function fuzz(args: readonly string[], count = 12) {
  using directory = ownedDirectory();
  const limits = ["--seed", "7", "--count", `${count}`, "--rate", "1000", "--findings", directory.path, "--json", "-q"];
  const { exitCode, out, err } = await runArgs(["fuzz", ...args, ...limits]);
  const lines = out.trimEnd().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  const findings = lines.filter(({ kind }) => kind === "finding");
  return { exitCode, err, findings, summary: lines.at(-1) };
}

async function during<T>(args: readonly string[], body: (urls: Record<string, string>) => Promise<T>): Promise<T> {
  const process = new ArcrtcProcess(args);
  try {
    return await body((await process.event("listening")).urls);
  } finally {
    await process.kill();
  }
}

Deno.test("fuzz --target: our own signaling server stands messages and bytes on every transport", async () => {
  await during(["serve", "--open", "--port", "0", "--tcp-port", "0", "--udp-port", "0", "--json"], async (urls) => {
    for (const url of [urls.phoenix, urls.plain, urls.stream]) {
      const { exitCode, err, findings, summary } = await fuzz(["--target", url]);
      assert.deepEqual(findings, [], url);
      assert.equal(exitCode, 0, err);
      assert.equal(summary.executions, 24, url);
    }
  });
});

Deno.test("fuzz --relay: our own relay stands strangers and peers", async () => {
  const args = ["relay", "--secret", SECRET, "--udp-port", "0", "--tcp-port", "0", "--json"];
  await during(args, async ({ udp }) => {
    const { exitCode, err, findings, summary } = await fuzz(["--relay", String(udp), "--relay-secret", SECRET]);
    assert.deepEqual(findings, []);
    assert.equal(exitCode, 0, err);
    assert.deepEqual(summary.targets.map(({ target }: { target: string }) => target), [
      "relay.stranger",
      "relay.bound",
    ]);
  });
});

Deno.test("fuzz --session: our own peer stands malformed plaintext within valid ArcSRTP", async () => {
  await during(["serve", "--open", "--port", "0", "--tcp-port", "0", "--udp-port", "0", "--json"], async (urls) => {
    const url = urls.phoenix;
    const peer = new ArcrtcProcess(["peer", "listen", "--signal", url, "--session", SESSION, "--json"]);
    try {
      const { exitCode, err, findings, summary } = await fuzz(["--target", url, "--session", SESSION]);
      assert.deepEqual(findings, []);
      assert.equal(exitCode, 0, err);
      assert.equal(summary.executions, 12);
    } finally {
      await peer.kill();
    }
  });
});

Deno.test("fuzz --session waits until the two of the call before have left", async () => {
  await during(["serve", "--open", "--port", "0", "--json"], async ({ phoenix }) => {
    const join = (peerId: string) =>
      openSignaling(
        { url: phoenix, sessionId: SESSION, peerId, trust: {}, timeoutMs: 5000 },
        { message() {}, closed() {} },
      );
    const before = [
      await join("44444444-4444-4444-8444-444444444444"),
      await join("55555555-5555-4555-8555-555555555555"),
    ];
    const listening = delay(1000).then(() => {
      for (const link of before) link.close();
      return new ArcrtcProcess(["peer", "listen", "--signal", phoenix, "--session", SESSION, "--json"]);
    });
    try {
      const { exitCode, err, findings } = await fuzz(["--target", phoenix, "--session", SESSION], 2);
      assert.deepEqual(findings, []);
      assert.equal(exitCode, 0, err);
    } finally {
      await (await listening).kill();
    }
  });
});

const LEAKING = `${Deno.execPath()} run -A ${new URL("testing/leaking_testee.ts", import.meta.url).pathname}`;

Deno.test({
  name: "fuzz --command finds a program that keeps what it is given, and a case that takes far too long",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const grown = await fuzz(["--command", LEAKING, "command.demux"], 60);
    assert.ok(grown.findings.some(({ oracle }) => oracle === "memory"), JSON.stringify(grown.findings));
    const slow = await fuzz(["--command", LEAKING, "command.strip"], 14);
    const found = slow.findings.find(({ oracle }) => oracle === "slow");
    assert.ok(found !== undefined && found.reproduced.failed > 0, JSON.stringify(slow.findings));
    const heldUp = await fuzz(["--command", LEAKING, "command.extensions"], 30);
    assert.deepEqual(heldUp.findings, [], "what is never slow again was the machine's doing");
  },
});

/** A UDP server that answers each datagram with what `answer` makes of it. */
async function withUdp(answer: (unit: Uint8Array) => Uint8Array[], body: (address: string) => Promise<void>) {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  let isOpen = true;
  const serving = (async () => {
    while (isOpen) {
      try {
        const [unit, from] = await socket.receive();
        for (const out of answer(unit)) await socket.send(out, from);
      } catch {
        if (!isOpen) return;
      }
    }
  })();
  try {
    await body(`127.0.0.1:${(socket.addr as Deno.NetAddr).port}`);
  } finally {
    isOpen = false;
    socket.close();
    await serving;
  }
}

/** The answer to a HEARTBEAT, `pad` bytes longer than it has to be. */
function heartbeatAck(unit: Uint8Array, pad = 0): Uint8Array[] {
  let message;
  try {
    message = JSON.parse(new TextDecoder().decode(unit));
  } catch {
    return [];
  }
  if (message?.type !== "HEARTBEAT") return [];
  const { session_id, sequence, challenge, timestamp } = message;
  const ack = { session_id, sequence, challenge, original_timestamp: timestamp, response_timestamp: timestamp };
  const text = JSON.stringify({ type: "HEARTBEAT_ACK", ...ack, latency_ms: 0, pad: "x".repeat(pad) });
  return [new TextEncoder().encode(text)];
}

Deno.test("fuzz --relay finds who answers a stranger with more than it sent (ARC-RELAY-challenge-size)", async () => {
  await withUdp((unit) => heartbeatAck(unit, 400), async (address) => {
    const { exitCode, findings } = await fuzz(["--relay", address], 40);
    assert.equal(exitCode, 5);
    assert.ok(findings.some(({ rule }) => rule === "ARC-RELAY-challenge-size"), JSON.stringify(findings));
  });
});

Deno.test("fuzz --relay finds who falls silent after a certain packet, and which", async () => {
  let isDead = false;
  const answer = (unit: Uint8Array) => {
    isDead ||= unit[0] === 0x90;
    return isDead ? [] : heartbeatAck(unit);
  };
  await withUdp(answer, async (address) => {
    const { exitCode, findings } = await fuzz(["--relay", address], 5);
    assert.equal(exitCode, 5);
    assert.equal(findings.length, 1, "to one that is gone nothing more is sent");
    assert.equal(findings[0].oracle, "silence");
    assert.deepEqual(findings[0].reproduced, { failed: 1, tried: 1 });
  });
});

Deno.test("fuzz --relay finds who tells a stranger what is wrong with its unit (ARC-SIG-error-not-to-strangers)", async () => {
  const error = { type: "ERROR", code: "bad_json", message: "no JSON", timestamp: 1 };
  const refuse = [new TextEncoder().encode(JSON.stringify(error))];
  await withUdp((unit) => unit[0] === 0x7b ? heartbeatAck(unit) : refuse, async (address) => {
    const { exitCode, findings } = await fuzz(["--relay", address, "relay.stranger"], 6);
    assert.equal(exitCode, 5);
    assert.ok(findings.some(({ rule }) => rule === "ARC-SIG-error-not-to-strangers"), JSON.stringify(findings));
  });
});

/** A program that prints the port at which it answers as a relay does. */
async function withLeakingRelay(body: (address: string, pid: string) => Promise<void>) {
  const path = new URL("testing/leaking_relay.ts", import.meta.url).pathname;
  const args = ["run", "--quiet", "-A", path];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stdin: "null" }).spawn();
  const reader = child.stdout.getReader();
  try {
    const { value } = await reader.read();
    await body(`127.0.0.1:${new TextDecoder().decode(value).trim()}`, `${child.pid}`);
  } finally {
    await reader.cancel();
    child.kill("SIGKILL");
    await child.status;
  }
}

Deno.test({
  name: "fuzz --pid watches the memory of a relay, and says what it needs",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await withLeakingRelay(async (address, pid) => {
      const { exitCode, findings } = await fuzz(["--relay", address, "--pid", pid], 60);
      assert.equal(exitCode, 5);
      const grown = findings.find(({ oracle }) => oracle === "memory");
      assert.match(grown?.message ?? JSON.stringify(findings), /the program holds \d+ MB, at first it held \d+ MB/);
    });
    const nobody = await fuzz(["--relay", "127.0.0.1:9", "--pid", "4194305"]);
    assert.equal(nobody.exitCode, 2);
    assert.match(nobody.err, /--pid 4194305: there is no such process/);
    for (const args of [["--pid", "1"], ["--command", LEAKING, "--pid", "1"]]) {
      const { exitCode, err } = await fuzz(args);
      assert.equal(exitCode, 2);
      assert.match(err, /--pid (?:needs|is for) --target/);
    }
  },
});
