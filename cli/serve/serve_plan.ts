/** What the flags of `arcrtc serve` make of the server. */
import type { HostPort } from "../../lib/base/address_table.ts";
import { isLoopback } from "../../lib/net/address_key.ts";
import type { Clock } from "../../lib/net/clock.ts";
import { DEFAULT_SERVER_LIMITS } from "../../lib/net/signaling_limits.ts";
import type { SignalingServerOptions } from "../../lib/net/signaling_server.ts";
import { isIp } from "../../lib/signaling/messages/address.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { joinAuth } from "./serve_auth.ts";
import { serverBus } from "./serve_bus.ts";
import type { ServeFlags } from "./serve_options.ts";
import { servedRelays } from "./serve_relays.ts";
import { tlsIdentity } from "./serve_tls.ts";

/** What to start the server with; the certificate is loaded or made, keys are fetched. @throws CliError */
export async function serverOptions(flags: ServeFlags, io: Io, clock: Clock): Promise<SignalingServerOptions> {
  const { host } = flags;
  if (!isIp(host)) {
    throw new CliError(
      "usage",
      `--host ${host} is not an IP address`,
      "127.0.0.1 is this machine, 0.0.0.0 every address",
    );
  }
  if (flags.open && !isLoopback(host)) {
    throw new CliError(
      "usage",
      `--open lets anybody join, and ${host} can be reached from elsewhere`,
      "use --auth-secret @FILE or --auth-jwks FILE, or stay on --host 127.0.0.1",
    );
  }
  const at = (port: number): HostPort => ({ host, port });
  const relays = servedRelays(flags, io);
  const bus = serverBus(flags, io);
  const tls = await tlsIdentity(flags, clock.nowMs() + clock.unixOffsetMs);
  return {
    auth: await joinAuth(flags, io, clock.nowMs()),
    localPagesOnly: flags.open === true,
    webSocket: at(flags.port),
    ...(flags.tcp ? { stream: at(flags.tcpPort ?? nextPort(flags.port)) } : {}),
    ...(flags.udp ? { udp: at(flags.udpPort ?? flags.port) } : {}),
    ...(tls === undefined ? {} : { tls }),
    ...(relays === undefined ? {} : { relays }),
    ...(bus === undefined ? {} : { bus }),
    clock,
    limits: {
      maxSessions: flags.maxSessions,
      maxConnections: flags.maxConnections,
      maxPerAddress: flags.maxPerAddress ?? (flags.open ? flags.maxConnections : DEFAULT_SERVER_LIMITS.maxPerAddress),
      messagesPerSecond: flags.rate,
      maxMessageBytes: flags.maxMessage,
      sendBufferBytes: flags.sendBuffer,
      idleMs: flags.idle,
      joinTimeoutMs: flags.joinTimeout,
    },
  };
}

/** Free ports have no next one, and neither has the last. */
function nextPort(port: number): number {
  return port === 0 || port === 65_535 ? 0 : port + 1;
}
