/** Two servers as processes on one NATS server: a call between them, a relay that publishes its load, a bus that goes. */
import assert from "node:assert/strict";
import { NATS_SERVER_ABSENT, NatsServer } from "../../lib/net/testing/nats_server.ts";
import { ArcrtcProcess, type Line } from "../peer/testing/arcrtc_process.ts";
import { RELAY_SECRET_VARIABLE } from "../ui/relay_secret.ts";

const SESSION = "6f1d3b0e-8a4c-4a52-9d0a-3f6e2b7c1d55";
const SECRET = "00112233445566778899aabbccddeeff";
const PASSWORD = "s3cret";

/** Processes, ended whatever becomes of the test. */
class Programs {
  readonly #started: ArcrtcProcess[] = [];

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ArcrtcProcess {
    const program = new ArcrtcProcess(args, env);
    this.#started.push(program);
    return program;
  }

  async kill(): Promise<void> {
    for (const program of this.#started) await program.kill();
  }
}

/** With a `nats-server` that wants a password; ignored where there is none. */
function overNats(name: string, test: (bus: NatsServer, programs: Programs) => Promise<void>): void {
  const why = NATS_SERVER_ABSENT === undefined ? "" : ` (${NATS_SERVER_ABSENT})`;
  Deno.test({
    name: `${name}${why}`,
    ignore: NATS_SERVER_ABSENT !== undefined,
    async fn() {
      const bus = await NatsServer.start(-1, ["--user", "me", "--pass", PASSWORD]);
      const programs = new Programs();
      try {
        await test(bus, programs);
      } finally {
        await programs.kill();
        await bus.stop();
      }
    },
  });
}

function urlOf(bus: NatsServer): string {
  return bus.url.replace("://", `://me:${PASSWORD}@`);
}

const SERVE = ["serve", "--open", "--port", "0", "--json", "--log", "text"];

async function metricsOf({ urls }: Line): Promise<string> {
  return await (await fetch(urls.metrics)).text();
}

async function end(program: ArcrtcProcess): Promise<string> {
  program.signal("SIGTERM");
  const { code, stderr } = await program.end();
  assert.equal(code, 0, stderr);
  assert.ok(!stderr.includes(PASSWORD));
  return stderr;
}

overNats(
  "ARC-TRANSPORT-nats-subjects: a call between peers at two servers, through a relay that both have from the bus",
  async (bus, programs) => {
    const env = { ARCRTC_NATS: urlOf(bus), [RELAY_SECRET_VARIABLE]: SECRET };
    const relay = programs.start(["relay", "--id", "eu-1", "--udp-port", "0", "--no-tcp", "--json"], env);
    const { urls: places, bus: published } = await relay.event("listening");
    assert.equal(published, bus.url);
    const site = `eu-1@${places.udp[0].replace("udp://", "")}`;
    const servers = ["a", "b"].map((id) => programs.start([...SERVE, "--server-id", id, "--relay", site], env));
    const listening: Line[] = [];
    for (const server of servers) {
      listening.push(await server.event("listening"));
      await server.event("bus_up");
      await server.event("relay_up");
    }
    assert.deepEqual(listening.map(({ bus: url, server_id }) => [url, server_id]), [[bus.url, "a"], [bus.url, "b"]]);
    const peer = (command: string, n: number, ...rest: string[]) =>
      programs.start([
        ...["peer", command, "--signal", listening[n].urls.phoenix, "--session", SESSION, "--path", "relay", "--json"],
        ...rest,
      ]);
    const callee = peer("listen", 1);
    const caller = peer("call", 0, "--send", "test:audio", "--duration", "1s");
    const [{ code, stderr }, other] = [await caller.end(), await callee.end()];
    assert.equal(code, 0, stderr);
    assert.equal(other.code, 0, other.stderr);
    assert.ok(other.summary.received[0].frames > 10, JSON.stringify(other.summary));
    for (const place of listening) {
      const page = await metricsOf(place);
      assert.match(page, /^arcrtc_server_relay_load\{relay="eu-1"\} \d/m);
      assert.match(page, /^arcrtc_server_relay_handouts_total\{relay="eu-1"\} [1-9]/m);
      assert.match(page, /^arcrtc_signaling_bus_messages_total\{outcome="dropped"\} 0$/m);
    }
    await end(relay);
    await Promise.all(servers.map(end));
  },
);

overNats(
  "ARC-TRANSPORT-nats-optional: a bus that is not there yet, and one that goes, are logged and tried again",
  async (bus, programs) => {
    const { port } = bus.address;
    await bus.stop();
    const file = await Deno.makeTempFile();
    await Deno.writeTextFile(file, `${urlOf(bus)}\n`);
    const server = programs.start([...SERVE, "--nats", `@${file}`]);
    const place = await server.event("listening");
    assert.match(place.server_id, /^[0-9a-f]{16}$/);
    const down = await server.event("bus_down");
    assert.deepEqual([down.bus, /refused/.test(down.why)], [bus.url, true]);
    assert.match(await metricsOf(place), /^arcrtc_signaling_bus_up 0$/m);
    const later = await NatsServer.start(port, ["--user", "me", "--pass", PASSWORD]);
    await server.event("bus_up");
    assert.match(await metricsOf(place), /^arcrtc_signaling_bus_up 1$/m);
    await later.stop();
    assert.match(await end(server), /^\S+Z bus_up bus=nats:\/\/127\.0\.0\.1:\d+$/m);
    await Deno.remove(file);
  },
);
