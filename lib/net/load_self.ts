/** What a load generator measures of itself while it runs: its own delay, its processor time, what it fails to read. */
import process from "node:process";
import { PacketBatch } from "../base/batch.ts";
import { DelayStatistics } from "../probe/delay_statistics.ts";
import type { Clock } from "./clock.ts";
import type { DatagramTransport } from "./datagram.ts";
import { openUdp } from "./udp_deno.ts";

/** Seldom enough to be no load of its own. */
const ECHO_EVERY_MS = 20;
const ECHO_BYTES = 64;

export class LoadSelf {
  /** Of datagrams from us straight to us over loopback: our share of every delay that is measured meanwhile. */
  readonly own = new DelayStatistics();
  readonly #clock: Clock;
  readonly #sender: DatagramTransport;
  readonly #sink: DatagramTransport;
  readonly #batch = new PacketBatch(1, ECHO_BYTES);
  #timer: ReturnType<typeof setInterval> | undefined;
  #isSending = false;
  #sentMs = 0;
  #cpu = process.cpuUsage();
  #startMs = 0;
  #sinks = new SocketDrops(new Set());
  #targets = new SocketDrops(new Set());

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sender = openUdp({ host: "127.0.0.1", port: 0 });
    this.#sink = openUdp({ host: "127.0.0.1", port: 0 });
  }

  /** Begins to measure; the ports are those of the UDP sockets that take in the load, here and on the other side. */
  start(sinkPorts: ReadonlySet<number>, targetPorts: ReadonlySet<number>): void {
    this.#sinks = new SocketDrops(sinkPorts);
    this.#targets = new SocketDrops(targetPorts);
    this.#cpu = process.cpuUsage();
    this.#startMs = this.#clock.nowMs();
    this.#batch.push(new Uint8Array(ECHO_BYTES), this.#sender.addresses.intern("127.0.0.1", this.#sink.local.port));
    this.#receive();
    this.#timer = setInterval(() => this.#echo(), ECHO_EVERY_MS);
  }

  /** Share of one processor since the start, 0..1: the work is done by one thread. */
  cpuShare(): number | undefined {
    const { user, system } = process.cpuUsage(this.#cpu);
    const elapsedMs = this.#clock.nowMs() - this.#startMs;
    return elapsedMs > 0 ? Math.min(1, (user + system) / 1000 / elapsedMs) : undefined;
  }

  /** Datagrams that the system dropped at our sockets since the start; undefined where it does not say. */
  sinkDrops(): number | undefined {
    return this.#sinks.count();
  }

  /** The same at the other side's socket, which did not read in time; 0 where that is on another machine. */
  targetDrops(): number | undefined {
    return this.#targets.count();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#sender.close();
    this.#sink.close();
  }

  /** One at a time: a second one would wait behind the first, and say the same. */
  #echo(): void {
    if (this.#isSending) return;
    this.#isSending = true;
    this.#sentMs = this.#clock.nowMs();
    this.#sender.send(this.#batch);
  }

  async #receive(): Promise<void> {
    const batch = new PacketBatch(1, 2 * ECHO_BYTES);
    while (await this.#sink.receive(batch)) {
      if (!this.#isSending) continue;
      this.own.record(this.#clock.nowMs() - this.#sentMs);
      this.#isSending = false;
    }
  }
}

/** What the system has dropped at sockets of this machine since this was made. */
class SocketDrops {
  readonly #ports: ReadonlySet<number>;
  readonly #before: number | undefined;

  constructor(ports: ReadonlySet<number>) {
    this.#ports = ports;
    this.#before = socketDrops(ports);
  }

  /** Undefined where the system does not say. */
  count(): number | undefined {
    const now = socketDrops(this.#ports);
    return now === undefined || this.#before === undefined ? undefined : now - this.#before;
  }
}

/** Sum over the sockets at these ports; undefined where there is no such file, or we may not read it. */
function socketDrops(ports: ReadonlySet<number>): number | undefined {
  if (ports.size === 0) return 0;
  let drops: number | undefined;
  for (const path of ["/proc/net/udp", "/proc/net/udp6"]) {
    let text: string;
    try {
      text = Deno.readTextFileSync(path);
    } catch {
      continue;
    }
    drops ??= 0;
    // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ref pointer drops
    for (const line of text.split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields.length >= 13 && ports.has(parseInt(fields[1].split(":")[1], 16))) drops += Number(fields[12]);
    }
  }
  return drops;
}
