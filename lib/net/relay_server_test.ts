/** The relay over real sockets on loopback, on both UDP backends: on one thread, in a worker, and in three. */
import assert from "node:assert/strict";
import { connect as connectTls } from "node:tls";
import { toBase64Url } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { parseImpairment } from "../relay/impairment.ts";
import { CALLEE, CALLER, media, nilHeartbeat, reducedMedia, SESSION, uuidOf } from "../relay/testing/relay_world.ts";
import { parseStatus } from "../signaling/parse_message.ts";
import type { RelayServerOptions } from "./relay_server.ts";
import { LOOPBACK, type RelayClient, RelayRig, type StreamClient, until } from "./testing/relay_rig.ts";
import { nativeIo } from "./testing/io_backends.ts";
import { testIdentity } from "./testing/signaling_rig.ts";

async function tlsOptions() {
  const identity = await testIdentity();
  return { tls: [LOOPBACK], tlsIdentity: identity, trust: { pinSha256: identity.fingerprintSha256 } };
}

/** Sends both ways and compares. */
async function exchange(a: RelayClient, b: RelayClient): Promise<void> {
  for (const bytes of [16, 200, 1232]) {
    const there = media(1, bytes, bytes);
    await a.send(there);
    assert.deepEqual(await b.next(), there);
    const back = reducedMedia(0, 1, bytes);
    await b.send(back);
    assert.deepEqual(await a.next(), back);
  }
}

const VARIANTS = [
  { name: "deno", workers: undefined, ignore: false },
  { name: "native, 1 worker", workers: 1, ignore: nativeIo === undefined },
  { name: "native, 3 workers", workers: 3, ignore: nativeIo === undefined },
];

for (const { name: backend, workers, ignore } of VARIANTS) {
  const test = (name: string, fn: () => Promise<void>) => Deno.test({ name: `${name} [${backend}]`, ignore, fn });
  const startRig = (options: Partial<RelayServerOptions> = {}) =>
    RelayRig.start({ ...options, ...(workers === undefined ? {} : { workers }) });
  const withRig = async (options: Partial<RelayServerOptions>, use: (rig: RelayRig) => Promise<void>) => {
    const rig = await startRig(options);
    try {
      await use(rig);
    } finally {
      await rig.close();
    }
  };

  test("ARC-RELAY-cross-transport ARC-RELAY-forward ARC-UNIT-stream-framing: peers on UDP, TCP and TLS reach one another in every pairing", async () => {
    const { trust, ...tls } = await tlsOptions();
    await withRig({ tcp: [LOOPBACK], ...tls }, async (rig) => {
      const open = { udp: () => Promise.resolve(rig.udp()), tcp: () => rig.tcp(), tls: () => rig.tls(trust) };
      let n = 0;
      for (const from of ["udp", "tcp", "tls"] as const) {
        for (const to of ["udp", "tcp", "tls"] as const) {
          const session = uuidOf(0x100 + n++);
          const [a, b] = [await open[from](), await open[to]()];
          const bound = await a.bind(CALLER, session);
          assert.ok(bound.type === "RELAY_BOUND" && bound.observed.ip === "127.0.0.1");
          assert.equal((await b.bind(CALLEE, session)).type, "RELAY_BOUND");
          await exchange(a, b);
        }
      }
      assert.equal(rig.server.state.sessions, 9);
    });
  });

  test("ARC-UNIT-separate-ports: the TLS listener speaks TLS 1.3 and nothing older, and no plain text", async () => {
    const { trust, ...tls } = await tlsOptions();
    await withRig({ ...tls }, async (rig) => {
      const client = await rig.tls(trust);
      assert.equal((await client.bind()).type, "RELAY_BOUND");
      const { host, port } = rig.server.listening.tls[0];
      const older = await new Promise<string>((resolve) => {
        const socket = connectTls({
          host,
          port,
          maxVersion: "TLSv1.2",
          minVersion: "TLSv1.2",
          rejectUnauthorized: false,
        });
        socket.once("error", (error: Error) => resolve(error.message));
        socket.once("secureConnect", () => {
          resolve(socket.getProtocol() ?? "connected");
          socket.destroy();
        });
      });
      assert.notEqual(older, "TLSv1.2");
    });
  });

  test("ARC-RELAY-keys-check ARC-RELAY-keys-secure: RELAY_KEYS over TLS turn the check on", async () => {
    const { trust, ...tls } = await tlsOptions();
    await withRig({ ...tls }, async (rig) => {
      const caller = await rig.tls(trust);
      const callee = rig.udp();
      await caller.bind(CALLER);
      await callee.bind(CALLEE);
      const keys = {
        type: "RELAY_KEYS",
        session_id: SESSION,
        stream_id: uuidOf(5),
        ssrc: 0x1001,
        auth_key: toBase64Url(new Uint8Array(32).fill(1)),
        rtcp_auth_key: toBase64Url(new Uint8Array(32).fill(2)),
        epoch: 0,
        roc: 0,
        timestamp: 1,
      } as const;
      assert.equal((await caller.ask(keys)).type, "ACK");
      await caller.send(media(1, 1, 200));
      await caller.send(media(2, 2, 200));
      assert.deepEqual(await callee.next(), media(2, 2, 200), "the unchecked SSRC passes, the forged one does not");
      assert.equal(rig.server.state.counters.dropsOf("auth"), 1);
      await callee.tell({ ...keys, ssrc: 0x55 });
      await callee.send(media(0, 3, 100, 0x55));
      assert.deepEqual(await caller.next(), media(0, 3, 100, 0x55));
      assert.equal(rig.server.state.counters.dropsOf("keys_insecure"), 1);
    });
  });

  test("ARC-UNIT-frame-split ARC-UNIT-frame-close: a TCP peer's units come through however they are cut; a malformed frame ends the connection", async () => {
    await withRig({ tcp: [LOOPBACK] }, async (rig) => {
      const caller = await rig.tcp();
      const callee = rig.udp();
      await caller.bind(CALLER);
      await callee.bind(CALLEE);
      const unit = media(0, 1, 300);
      const framed = new Uint8Array([unit.length >> 8, unit.length & 255, ...unit]);
      for (let at = 0; at < framed.length; at += 7) caller.raw(framed.subarray(at, at + 7));
      assert.deepEqual(await callee.next(), unit);
      // A unit too large to go on costs the connection nothing.
      await caller.send(new Uint8Array(60_000).fill(0x80));
      await caller.send(media(0, 2, 1233));
      await caller.send(unit);
      assert.deepEqual(await callee.next(), unit);
      assert.equal(rig.server.state.counters.dropsOf("too_large"), 2);
      caller.raw(new Uint8Array([0, 0]));
      assert.equal(await caller.next(), undefined);
      await until("the binding is gone", () => rig.server.state.bound === 1);
      assert.ok(rig.events.some((event) => event.event === "disconnected" && /length of 1 or more/.test(event.why)));
    });
  });

  test("ARC-RELAY-unbound-dropped ARC-RELAY-limits: a connection that does not bind is shown out; so is one too many", async () => {
    await withRig({
      tcp: [LOOPBACK],
      connectionLimits: { bindTimeoutMs: 400, maxPerAddress: 2 },
    }, async (rig) => {
      const idle = await rig.tcp();
      await idle.send(media(0, 1));
      assert.equal(await idle.next(), undefined);
      const bound = [await rig.tcp(), await rig.tcp()];
      await bound[0].bind(CALLER);
      await bound[1].bind(CALLEE);
      const third = await rig.tcp();
      assert.equal(await third.next(), undefined);
      await exchange(bound[0], bound[1]);
    });
  });

  test("Relay server: a TCP reader that is too slow loses the lowest classes first, and costs the others nothing", async () => {
    await withRig({
      tcp: [LOOPBACK],
      limits: { sessionBps: Infinity, sessionPps: Infinity },
      connectionLimits: { sendBufferBytes: 64 * 1024 },
    }, async (rig) => {
      const slow = await rig.tcp();
      const sender = await rig.tcp();
      await slow.bind(CALLER);
      await sender.bind(CALLEE);
      slow.socket.pause();
      const metric = (priority: number) =>
        Number(
          new RegExp(`slow_reader_drops_total\\{priority="${priority}"\\} (\\d+)`).exec(rig.server.metricsText())?.[1],
        );
      const writable = () =>
        new Promise<void>((resolve) => void sender.socket.write(new Uint8Array(0), () => resolve()));
      for (let i = 0; i < 20_000 && metric(0) === 0; i += 40) {
        for (let k = 0; k < 40; k++) await sender.send(media((i + k) % 4, i + k, 1200));
        await writable();
      }
      const drops = [0, 1, 2, 3].map(metric);
      console.log(`    dropped for a slow reader, by PR: ${drops.join(", ")}`);
      assert.ok(drops[3] > drops[2] && drops[2] > drops[1] && drops[1] > drops[0], drops.join());
      const other = uuidOf(0xb0);
      const [a, b] = [rig.udp(), rig.udp()];
      await a.bind(CALLER, other);
      await b.bind(CALLEE, other);
      await exchange(a, b);
    });
  });

  test("ARC-RELAY-nil-heartbeat: is answered over every transport, and several UDP sockets keep their addresses apart", async () => {
    const { trust, ...tls } = await tlsOptions();
    await withRig({ udp: [LOOPBACK, LOOPBACK], tcp: [LOOPBACK], ...tls }, async (rig) => {
      const [first, second] = [rig.udp(0), rig.udp(1)];
      for (const client of [first, second, await rig.tcp(), await rig.tls(trust)]) {
        const answer = await client.ask(nilHeartbeat(200));
        assert.ok(answer.type === "HEARTBEAT_ACK" && answer.observed?.ip === "127.0.0.1");
      }
      await first.bind(CALLER);
      await second.bind(CALLEE);
      await exchange(first, second);
    });
  });

  test("ARC-RELAY-status ARC-RELAY-status-metrics ARC-TRANSPORT-nats-status: the load is on the status subject and at /metrics, with sessions live", async () => {
    const published: [string, string][] = [];
    const publishStatus = (subject: string, message: string) => void published.push([subject, message]);
    await withRig({ tcp: [LOOPBACK], http: LOOPBACK, publishStatus }, async (rig) => {
      assert.equal(published.length, 1);
      const [caller, callee] = [rig.udp(), await rig.tcp()];
      await caller.bind(CALLER);
      await callee.bind(CALLEE);
      await exchange(caller, callee);
      assert.deepEqual(JSON.parse((await rig.page("/healthz")).text), { status: "ok", sessions: 1, bindings: 2 });
      const status = unwrap(parseStatus((await rig.page("/status")).text.trim()));
      assert.ok(status.type === "RELAY_STATUS");
      assert.deepEqual([status.relay_id, status.healthy, status.sessions, status.bindings], ["relay-1", true, 1, 2]);
      assert.deepEqual(status.endpoints.map(({ transport }) => transport), ["udp", "tcp"]);
      const { text } = await rig.page("/metrics");
      for (
        const line of [
          "arcrtc_relay_sessions 1",
          "arcrtc_relay_bindings 2",
          'arcrtc_relay_forwarded_units_total{priority="0"} 3',
          'arcrtc_relay_forwarded_units_total{priority="1"} 3',
          'arcrtc_relay_connections{transport="tcp"} 1',
          'arcrtc_relay_messages_total{kind="bound"} 2',
          'arcrtc_relay_dropped_units_total{reason="unbound"} 0',
          'arcrtc_relay_forwarding_seconds_count{priority="1"} 3',
          'arcrtc_relay_udp_datagrams_total{outcome="send_error"} 0',
        ]
      ) assert.ok(text.includes(`${line}\n`), `${line} in\n${text}`);
      assert.match(text, /arcrtc_relay_forwarding_seconds_bucket\{priority="0",le="0.001"\} \d/);
      assert.match(text, /arcrtc_relay_over_budget_total\{priority="0",budget="0.005"\} \d/);
      assert.equal((await rig.page("/nowhere")).status, 404);
      assert.match(text, /^arcrtc_relay_load 0.001$/m);
      const drained = rig.server.drain(60_000);
      assert.equal((await rig.page("/healthz")).status, 503);
      const said = published.map(([subject, message]) => [subject, unwrap(parseStatus(message))] as const);
      assert.ok(said.every(([subject]) => subject === "arcrtc.relay.relay-1.status"));
      const [first, last] = [said[0][1], said[said.length - 1][1]];
      assert.ok(first.type === "RELAY_STATUS" && first.healthy && first.sessions === 0 && first.load === 0);
      assert.ok(last.type === "RELAY_STATUS" && !last.healthy && last.sessions === 1 && last.load === 0.001);
      assert.equal((await caller.bind(CALLER, SESSION, { type: "RELAY_UNBIND" })).type, "ACK");
      callee.close();
      assert.equal(await drained, 0);
    });
  });

  test("Relay server: a drain refuses new sessions, serves those that run, and ends with the last one", async () => {
    const rig = await startRig();
    const [caller, callee, late] = [rig.udp(), rig.udp(), rig.udp()];
    await caller.bind(CALLER);
    await callee.bind(CALLEE);
    const drained = rig.server.drain(60_000);
    const refused = await late.bind(CALLER, uuidOf(0xb0));
    assert.ok(refused.type === "ERROR" && refused.code === "busy", JSON.stringify(refused));
    await exchange(caller, callee);
    assert.equal((await caller.bind(CALLER, SESSION, { type: "RELAY_UNBIND" })).type, "ACK");
    assert.equal((await callee.bind(CALLEE, SESSION, { type: "RELAY_UNBIND" })).type, "ACK");
    assert.equal(await drained, 0);
    await rig.server.ended;
    await rig.close();
  });

  test("Relay server: a drain that takes too long cuts off what is left, and says how much", async () => {
    const rig = await startRig();
    await rig.udp().bind(CALLER);
    assert.equal(await rig.server.drain(20), 1);
    await rig.close();
  });

  test("Relay server: with an impairment, what is lost is lost by the seed", async () => {
    const lost = async (seed: number) => {
      const rig = await startRig({ impairment: { impairment: unwrap(parseImpairment("loss=30%")), seed } });
      try {
        const [caller, callee] = [rig.udp(), rig.udp()];
        await caller.bind(CALLER);
        await callee.bind(CALLEE);
        for (let i = 0; i < 60; i++) await caller.send(media(0, i, 100));
        // What comes behind them is a message: its fate is its own, so it is sent until it arrives.
        const got: number[] = [];
        const gather = (async () => {
          for (;;) {
            const unit = await callee.next();
            if (unit === undefined || unit[1] === 201) return;
            got.push((unit[2] << 8) | unit[3]);
          }
        })();
        let isOver = false;
        gather.then(() => isOver = true);
        while (!isOver) {
          await caller.send(new Uint8Array([0x80, 201, 0, 1, 0, 0, 0, 1]));
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        return got;
      } finally {
        await rig.close();
      }
    };
    const first = await lost(7);
    assert.ok(first.length > 25 && first.length < 58, `${first.length} of 60`);
    assert.deepEqual(await lost(7), first);
    assert.notDeepEqual(await lost(8), first);
  });

  test("Relay server: what cannot be opened is said, and leaves nothing open", async () => {
    const rig = await startRig({ tcp: [LOOPBACK] });
    const taken = rig.server.listening;
    await assert.rejects(
      startRig({ udp: [LOOPBACK], tcp: taken.tcp }),
      /cannot listen on TCP .*: the port is in use/,
    );
    await assert.rejects(startRig({ udp: taken.udp }), /cannot listen on UDP .*: the port is in use/);
    await assert.rejects(startRig({ limits: { maxSessions: 1_000_000 } }), /addresses for \d+ sessions/);
    await assert.rejects(startRig({ tls: [LOOPBACK] }), /certificate/);
    await rig.close();
  });

  test("Relay server: log events name addresses and never a token, a proof or a nonce", async () => {
    await withRig({ tcp: [LOOPBACK] }, async (rig) => {
      const caller: StreamClient = await rig.tcp();
      await caller.bind(CALLER);
      const intruder = rig.udp();
      const refused = await intruder.bind(CALLEE, SESSION, { secret: new Uint8Array(32) });
      assert.equal(refused.type, "ERROR");
      caller.close();
      const isTold = (wanted: string) => rig.events.some(({ event }) => event === wanted);
      await until("the end is told", () => isTold("unbound") && isTold("disconnected"));
      // Different threads tell: the order among them is nobody's.
      const told = rig.events.map(({ event }) => event).sort();
      assert.deepEqual(told, ["bound", "disconnected", "refused", "unbound"]);
      const text = JSON.stringify(rig.events);
      assert.match(text, /"from":"127.0.0.1:\d+"/);
      assert.doesNotMatch(text, /nonce|proof"|secret/);
    });
  });
}
