/** What tests and mutants share: targets out of what a server of this process says of itself. */
import type { HostPort } from "../../lib/base/address_table.ts";
import { utf8 } from "../../lib/base/bytes.ts";
import type { OpenBus } from "../../lib/net/bus.ts";
import type { ServerUrls } from "../../lib/net/signaling_server.ts";
import type { TlsTrust } from "../../lib/net/open_stream.ts";
import type { RelayServer } from "../../lib/net/relay_server.ts";
import type { ServedRelay } from "../../lib/net/server_relays.ts";
import type { PlayedSite } from "./played_sites.ts";
import type { RelaySource } from "./relay_source.ts";
import type { ServerTarget } from "./server_world.ts";

export function targetOf({ phoenix, plain, stream, udp }: ServerUrls, trust: TlsTrust = {}): ServerTarget {
  const phoenixUrl = phoenix === undefined ? undefined : new URL(phoenix);
  phoenixUrl?.searchParams.set("vsn", "2.0.0");
  return {
    ...(phoenixUrl === undefined ? {} : { phoenix: phoenixUrl }),
    ...(plain === undefined ? {} : { plain: new URL(plain) }),
    ...(stream === undefined ? {} : { stream: placeOf(stream), streamTls: stream.startsWith("tls:") }),
    ...(udp === undefined ? {} : { udp: placeOf(udp) }),
    trust,
  };
}

function placeOf(url: string): HostPort {
  const { hostname, port } = new URL(url.replace(/^[a-z]+:/, "http:"));
  return { host: hostname, port: Number(port) };
}

/** Relays of this process, one for each case that wants one of its own. */
export function relaySourceOf(start: () => Promise<RelayServer>, secret: Uint8Array): RelaySource {
  return {
    description: "one for a case, of this process",
    async start() {
      const server = await start();
      const { udp: [udp], http } = server.listening;
      const { promise: ended, resolve } = Promise.withResolvers<string>();
      server.ended.then(() => resolve("it was stopped"), (error: unknown) => resolve(String(error)));
      return {
        udp,
        secret,
        ended,
        ...(http === undefined ? {} : { metrics: `http://${http.host}:${http.port}/metrics` }),
        drain() {
          // It goes on until its sessions are over, or the case is.
          server.drain(LONGEST_CASE_MS);
          return Promise.resolve();
        },
        stop: () => server.stop(),
      };
    },
  };
}

const LONGEST_CASE_MS = 60_000;

/** How a relay of this process publishes its status. */
export function publisherOn(open: OpenBus): (subject: string, message: string) => void {
  const member = open({ up: () => {}, down: () => {} });
  return (subject, message) => member.publish(subject, utf8(message));
}

/** The relays that the suite plays as a server of this process is told of them. */
export function servedSites(sites: readonly PlayedSite[]): readonly ServedRelay[] {
  return sites.map(({ place: { host, port } }, i) => ({
    id: `played-${i + 1}`,
    host,
    ports: { udp: port },
    priority: 0,
    metricsUrl: `http://${host}:${port}/metrics`,
  }));
}
