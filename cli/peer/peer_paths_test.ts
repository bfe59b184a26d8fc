/** Calls between processes over every kind of path: the files arrive, and the steps are told with their rules. */
import assert from "node:assert/strict";
import { createCertificate } from "../../lib/net/certificate_create.ts";
import { ArcrtcProcess, type Line } from "./testing/arcrtc_process.ts";

const SESSION = "6f1d3b0e-8a4c-4a52-9d0a-3f6e2b7c1d55";
const SECRET = "0f".repeat(32);
const DAY_MS = 86_400_000;

interface Place {
  readonly signal: string;
  readonly directory: string;
  /** Ports of the relay, which the server does not know. */
  readonly relay: { readonly udp: number; readonly tcp: number; readonly tls: number };
  readonly caPath: string;
}

/** A server and a relay for the length of `body`. */
async function withServers(body: (place: Place) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync();
  const now = Date.now();
  const validity = { notBeforeUnixMs: now - DAY_MS, notAfterUnixMs: now + DAY_MS };
  const ca = await createCertificate({ subject: "test CA", isCa: true, ...validity });
  const made = await createCertificate({ subject: "relay", issuer: ca, hosts: ["localhost"], ...validity });
  const [caPath, certPath, keyPath] = ["ca", "cert", "key"].map((name) => `${directory}/${name}.pem`);
  Deno.writeTextFileSync(caPath, ca.certificatePem);
  Deno.writeTextFileSync(certPath, made.certificatePem);
  Deno.writeTextFileSync(keyPath, made.privateKeyPem);
  const ports = ["--udp-port", "0", "--tcp-port", "0", "--tls-port", "0"];
  const server = new ArcrtcProcess(["serve", "--open", "--port", "0", "--json"]);
  const relay = new ArcrtcProcess(
    ["relay", "--json", "--secret", SECRET, "--cert", certPath, "--key", keyPath, ...ports],
  );
  try {
    const { urls } = await server.event("listening");
    const { urls: places } = await relay.event("listening");
    const portOf = (transport: string) => Number(/:(\d+)$/.exec(places[transport][0])?.[1]);
    const [udp, tcp, tls] = ["udp", "tcp", "tls"].map(portOf);
    await body({ signal: urls.phoenix, directory, relay: { udp, tcp, tls }, caPath });
  } finally {
    await Promise.all([server.kill(), relay.kill()]);
    Deno.removeSync(directory, { recursive: true });
  }
}

/** A call in which the caller speaks for a second; answers the lines of both. */
async function call(place: Place, caller: readonly string[], callee = caller): Promise<readonly [Line[], Line[]]> {
  const env = { ARCRTC_RELAY_SECRET: SECRET };
  const common = ["--signal", place.signal, "--session", SESSION, "--json"];
  const listen = new ArcrtcProcess(["peer", "listen", ...common, ...callee], env);
  const talk = new ArcrtcProcess(
    ["peer", "call", ...common, "--send", "test:tone", "--duration", "3s", ...caller],
    env,
  );
  try {
    const ends = await Promise.all([talk.end(), listen.end()]);
    for (const { code, stderr } of ends) assert.deepEqual([code, stderr], [0, ""]);
    const [sent, received] = [ends[0].summary.sent[0], ends[1].summary.received[0]];
    assert.ok(sent.frames > 20, `${sent.frames} frames`);
    assert.equal(received.frames, sent.frames);
    return [talk.lines, listen.lines];
  } finally {
    await Promise.all([talk.kill(), listen.kill()]);
  }
}

/** `change rule` of every step on the way to the path, the first of each. What ends it comes after. */
function steps(lines: readonly Line[]): string[] {
  const all = lines.filter(({ event }) => event === "path" || event === "relay");
  const onTheWay = all.slice(0, all.findIndex(({ change }) => change === "chosen") + 1);
  return [...new Set(onTheWay.map(({ change, rule }) => `${change} ${rule}`))];
}

Deno.test("processes: --path tcp connects straight to the callee, and says each step with its rule", async () => {
  await withServers(async (place) => {
    const pcap = `${place.directory}/tcp.pcapng`;
    const [caller, callee] = await call(place, ["--path", "tcp", "--pcap", pcap], []);
    assert.equal(caller.at(-1).path.kind, "tcp");
    assert.equal(callee.at(-1).path.kind, "tcp");
    assert.deepEqual(steps(caller).filter((step) => !step.startsWith("barred")), [
      "tcp ARC-PATH-tcp-after",
      "connecting ARC-PATH-tcp-direct",
      ...(steps(caller).includes("disconnected ARC-PATH-backoff") ? ["disconnected ARC-PATH-backoff"] : []),
      "connected ARC-PATH-tcp-direct",
      "probing ARC-PATH-tcp-direct",
      "valid ARC-PATH-validated-only",
      "chosen ARC-PATH-first-valid",
    ]);
    for (const step of ["listening ARC-PATH-tcp-direct", "accepted ARC-PATH-tcp-first-unit"]) {
      assert.ok(steps(callee).includes(step), step);
    }
    const { tcp, wire } = caller.at(-1);
    assert.ok(tcp.sent_units > 20 && tcp.dropped_units === 0 && wire.sent_packets === 0);
    // The capture holds the connection, and this project's own reader finds the units in it.
    const dump = new ArcrtcProcess(["dump", pcap, "--json"]);
    const { code } = await dump.end();
    assert.equal(code, 0);
    assert.equal(dump.lines.length, tcp.sent_units + tcp.received_units + wire.received_packets);
  });
});

Deno.test("processes: --path relay over UDP, TCP and TLS by the relay's name; one side alone may ask for it", async () => {
  await withServers(async (place) => {
    const { udp, tcp, tls } = place.relay;
    const [overUdp] = await call(place, ["--path", "relay", "--relay", `r1@127.0.0.1:${udp}`], [
      ...["--relay", `r1@localhost:${udp}`],
    ]);
    assert.equal(overUdp.at(-1).path.kind, "relay");
    assert.ok(steps(overUdp).includes("bound ARC-RELAY-bound"));
    const [overTcp, cross] = await call(
      place,
      ["--path", "relay", "--relay", `r1@127.0.0.1:${tcp};tcp`],
      ["--relay", `r1@localhost:${tls};tls`, "--tls-ca", place.caPath],
    );
    assert.deepEqual([overTcp.at(-1).path.kind, cross.at(-1).path.kind], ["tcp_relay", "tcp_relay"]);
    assert.ok(steps(overTcp).includes("connecting ARC-PATH-tcp-relay"));
  });
});

Deno.test("processes: a relay that refuses or is not trusted is told of, and the call goes on without it", async () => {
  await withServers(async (place) => {
    const { udp, tls } = place.relay;
    const common = ["--signal", place.signal, "--session", SESSION, "--json"];
    const foreign = { ARCRTC_RELAY_SECRET: "aa".repeat(32) };
    const relays = ["--relay", `r1@127.0.0.1:${udp}`, "--relay", `r2@localhost:${tls};tls`];
    const listen = new ArcrtcProcess(["peer", "listen", ...common]);
    const talk = new ArcrtcProcess(
      ["peer", "call", ...common, ...relays, "--path", "relay", "--duration", "3s", "--explain-path"],
      foreign,
    );
    try {
      await Promise.all([talk.end(), listen.end()]);
      const refused = talk.lines.find(({ change }) => change === "refused");
      assert.deepEqual([refused.relay_id, refused.code], ["r1", "unauthorized"]);
      const untrusted = talk.lines.find(({ change }) => change === "disconnected");
      assert.match(untrusted.message, /is not trusted/);
    } finally {
      await Promise.all([talk.kill(), listen.kill()]);
    }
  });
});
