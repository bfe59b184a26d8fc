/**
 * Relays that the suite plays before a signaling server that is set to hand them out: each answers HEARTBEATs over UDP, as a
 * relay does, and shows its load over HTTP at the same port. They bind nobody. A case makes one fall silent, busy or drain,
 * and watches whether the server still hands it out.
 */
import { utf8 } from "../../lib/base/bytes.ts";
import { NIL_UUID } from "../../lib/base/uuid.ts";
import type { HostPort } from "../../lib/base/address_table.ts";
import type { Clock } from "../../lib/net/clock.ts";
import { messageOf } from "./line.ts";

/** Nobody is busy as a rule. */
const CALM_LOAD = 0.1;

export class PlayedSite {
  readonly place: HostPort;
  /** HEARTBEATs get no answer while it is switched off. */
  isAnswering = true;
  load = CALM_LOAD;
  isDraining = false;
  /** HEARTBEATs that have come, answered or not, and looks at its metrics. */
  readonly asked = { heartbeats: 0, metrics: 0 };
  readonly #socket: Deno.DatagramConn;
  readonly #pages: Deno.HttpServer<Deno.NetAddr>;
  readonly #clock: Clock;
  readonly #answering: Promise<void>;

  /** Listens at the place over UDP, and over TCP for HTTP; port 0 is any that both have. @throws Error where it cannot */
  constructor(place: HostPort, clock: Clock) {
    this.#clock = clock;
    const { socket, pages } = listenTwice(place, (request) => this.#page(new URL(request.url)));
    this.#socket = socket;
    this.#pages = pages;
    this.place = { host: place.host, port: pages.addr.port };
    this.#answering = this.#answer();
  }

  /** Well, calm and open to new sessions again. */
  recover(): void {
    this.isAnswering = true;
    this.isDraining = false;
    this.load = CALM_LOAD;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.#answering;
    await this.#pages.shutdown();
  }

  async #answer(): Promise<void> {
    for await (const [unit, from] of this.#socket) {
      const { type, session_id: sessionId, sequence, challenge, timestamp } = messageOf(unit);
      if (type !== "HEARTBEAT" || sessionId !== NIL_UUID || from.transport !== "udp") continue;
      this.asked.heartbeats++;
      if (!this.isAnswering) continue;
      const now = Math.floor(this.#clock.nowMs() + this.#clock.unixOffsetMs);
      const ack = utf8(JSON.stringify({
        type: "HEARTBEAT_ACK",
        session_id: NIL_UUID,
        sequence,
        ...(challenge === undefined ? {} : { challenge }),
        original_timestamp: timestamp,
        response_timestamp: now,
        latency_ms: now - Number(timestamp),
        observed: { ip: from.hostname, port: from.port },
      }));
      // SPEC ARC-RELAY-nil-heartbeat-size. Who is gone by now needs no answer.
      if (ack.length <= unit.length) await this.#socket.send(ack, from).catch(() => {});
    }
  }

  #page({ pathname }: URL): Response {
    if (pathname !== "/metrics") return new Response("there is /metrics\n", { status: 404 });
    this.asked.metrics++;
    const gauges = { load: this.load, draining: Number(this.isDraining), sessions: 0, bindings: 0 };
    const text = Object.entries(gauges).map(([name, value]) =>
      `# TYPE arcrtc_relay_${name} gauge\narcrtc_relay_${name} ${value}\n`
    );
    return new Response(text.join(""), { headers: { "content-type": "text/plain; version=0.0.4" } });
  }
}

/** A port that is free over UDP may be somebody's over TCP: so many are tried where any will do. */
const MOST_PORTS = 50;

/** The same port over UDP and over TCP. @throws Error where it cannot be had */
function listenTwice({ host, port }: HostPort, answer: (request: Request) => Response) {
  for (let tries = 1;; tries++) {
    const socket = Deno.listenDatagram({ transport: "udp", hostname: host, port });
    try {
      const where = { hostname: host, port: (socket.addr as Deno.NetAddr).port, onListen: () => {} };
      return { socket, pages: Deno.serve(where, answer) };
    } catch (error) {
      socket.close();
      if (port !== 0 || tries >= MOST_PORTS || !(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
