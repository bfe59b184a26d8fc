/** What tests and mutants share: targets out of what a server of this process says of itself. */
import type { HostPort } from "../../lib/base/address_table.ts";
import type { ServerUrls } from "../../lib/net/signaling_server.ts";
import type { TlsTrust } from "../../lib/net/open_stream.ts";
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
