/**
 * What this program measures where there is nothing to measure: the same code over loopback, against a server or
 * relay of our own in the same process. Nothing below it can be claimed of any path.
 */
import type { DelaySummary } from "../probe/delay_statistics.ts";
import type { ProbeMethod } from "../probe/probe_report.ts";
import { FixedSchedule } from "../probe/schedule.ts";
import { nobleBackend } from "../crypto/backend_noble.ts";
import { createCertificate } from "./certificate_create.ts";
import type { Clock } from "./clock.ts";
import { OPEN_AUTH } from "./join_auth.ts";
import { ProbeConnection } from "./probe_connection.ts";
import { ProbeDriver } from "./probe_driver.ts";
import { parseProbeTarget, type ProbeProtocol, type ProbeTarget } from "./probe_target.ts";
import type { ProbeSettings } from "./probe_ways.ts";
import { RelayServer } from "./relay_server.ts";
import { SignalingServer } from "./signaling_server.ts";
import { SystemRng } from "./system_rng.ts";
import { readTlsIdentity, type TlsIdentity } from "./tls_identity.ts";

/** A way of asking, whoever is asked. */
export interface FloorKind {
  readonly protocol: ProbeProtocol;
  readonly format: "phoenix" | "plain" | undefined;
  readonly method: ProbeMethod;
}

export interface NoiseFloor {
  readonly kind: FloorKind;
  /** Of the {@link FLOOR_SAMPLES} those without an answer, or not even sent: a busy machine drops some. */
  readonly missed: number;
  readonly fromSent: DelaySummary;
  readonly sendLateness: DelaySummary;
}

/** Enough for a p95, and few enough for the server's own limits. */
export const FLOOR_SAMPLES = 60;
/** As far apart as the closest probes to a remote target: what is asked in a burst comes back faster. */
const INTERVAL_MS = 10;

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const LISTENERS = { auth: OPEN_AUTH, webSocket: LOOPBACK, stream: LOOPBACK };

/** Measures the floor of each kind, all of them in turn within a good half second. */
export async function measureFloors(
  kinds: readonly FloorKind[],
  settings: ProbeSettings,
): Promise<readonly NoiseFloor[]> {
  const { clock, rng } = settings;
  const loopback = new Loopback(clock);
  const connections: ProbeConnection[] = [];
  try {
    for (const kind of kinds) {
      const target = await loopback.target(kind);
      connections.push(await ProbeConnection.open(target, { ...settings, method: kind.method }));
    }
    const targets = connections.map((connection) => ({
      connection,
      run: connection.newRun(settings.timeoutMs, 2 * FLOOR_SAMPLES),
    }));
    const pacer = new FixedSchedule({
      startMs: clock.nowMs(),
      targets: targets.length,
      intervalMs: INTERVAL_MS,
      count: FLOOR_SAMPLES,
      shuffle: rng,
    });
    await new ProbeDriver({ clock, pacer, targets, onEvent: () => {} }).run();
    return targets.flatMap(({ run }, i) => {
      const { fromSent, sendLateness, lost } = run.summary();
      const missed = lost + pacer.skipped[i];
      return fromSent === undefined || sendLateness === undefined
        ? []
        : [{ kind: kinds[i], missed, fromSent, sendLateness }];
    });
  } finally {
    for (const connection of connections) connection.close();
    await loopback.close();
  }
}

/** Servers and a relay on this machine, each started when the first kind needs it. */
class Loopback {
  readonly #clock: Clock;
  #plain: Promise<SignalingServer> | undefined;
  #secure: Promise<readonly [SignalingServer, TlsIdentity]> | undefined;
  #relay: Promise<RelayServer> | undefined;
  readonly #relaySecret: Uint8Array;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#relaySecret = new SystemRng().fill(new Uint8Array(32));
  }

  async target({ protocol, format }: FloorKind): Promise<ProbeTarget> {
    if (protocol === "relay") {
      const { listening } = await (this.#relay ??= this.#startRelay());
      const name = `relay://127.0.0.1:${listening.udp[0].port}`;
      return parseProbeTarget(name, { relaySecret: this.#relaySecret });
    }
    if (protocol === "tls" || protocol === "wss") {
      const [{ urls }, { fingerprintSha256 }] = await (this.#secure ??= this.#startSecure());
      return parseProbeTarget(urls[format ?? "stream"] ?? "", { format, trust: { pinSha256: fingerprintSha256 } });
    }
    const { urls } = await (this.#plain ??= SignalingServer.start({ ...LISTENERS, udp: LOOPBACK }));
    return parseProbeTarget(urls[protocol === "udp" ? "udp" : format ?? "stream"] ?? "", { format });
  }

  async close(): Promise<void> {
    await (await this.#plain)?.close();
    await (await this.#secure)?.[0].close();
    await (await this.#relay)?.stop();
  }

  async #startSecure(): Promise<readonly [SignalingServer, TlsIdentity]> {
    const tls = await makeIdentity(this.#clock.nowMs() + this.#clock.unixOffsetMs);
    return [await SignalingServer.start({ ...LISTENERS, tls }), tls];
  }

  #startRelay(): Promise<RelayServer> {
    return RelayServer.start({
      relayId: "self-noise",
      secret: this.#relaySecret,
      crypto: nobleBackend,
      udp: [LOOPBACK],
    });
  }
}

async function makeIdentity(nowUnixMs: number): Promise<TlsIdentity> {
  const made = await createCertificate({
    subject: "arcrtc self-noise",
    hosts: ["127.0.0.1"],
    notBeforeUnixMs: nowUnixMs - 60_000,
    notAfterUnixMs: nowUnixMs + 3_600_000,
  });
  return readTlsIdentity(made.certificatePem, made.privateKeyPem);
}
