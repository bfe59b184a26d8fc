/** Where relays come from that are one case's alone: a case may tell such a relay to drain, and knows all that it carries. */
import type { HostPort } from "../../lib/base/address_table.ts";
import { toHex } from "../../lib/base/bytes.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { splitCommand } from "../testee/subprocess.ts";
import { fillIn, type RunningProgram, startProgram } from "./program.ts";

export interface RunningRelay extends RunningProgram {
  readonly udp: HostPort;
  readonly secret: Uint8Array;
  /** Its metrics endpoint, where it has one. */
  readonly metrics?: string;
  /** Tells it to take no new sessions from here on; where there is a way. @throws Error that says why that failed */
  readonly drain?: () => Promise<void>;
}

export interface RelaySource {
  /** For people. */
  readonly description: string;
  /** It may take a moment to listen. */
  start(): Promise<RunningRelay>;
}

const LOOPBACK = "127.0.0.1";
const SECRET_BYTES = 32;

/** `--relay-command` and `--relay-drain`. */
export interface RelayCommands {
  /** Started with `{port}`, `{secret}` and `{metrics}` filled in: it listens at 127.0.0.1, over UDP and with HTTP. */
  readonly start: string;
  /** Run with `{pid}`, `{port}` and `{metrics}` filled in; it has ended once the relay was told. */
  readonly drain?: string;
}

export function relayCommands({ start, drain }: RelayCommands): RelaySource {
  return {
    description: `one for a case by '${start}'`,
    start() {
      const secret = new SystemRng().fill(new Uint8Array(SECRET_BYTES));
      const [port, metrics] = [freeUdpPort(), freeTcpPort()];
      const values = { port: String(port), metrics: String(metrics), secret: toHex(secret) };
      const program = startProgram(fillIn(splitCommand(start), values));
      return Promise.resolve({
        ...program,
        udp: { host: LOOPBACK, port },
        secret,
        ...(start.includes("{metrics}") ? { metrics: `http://${LOOPBACK}:${metrics}/metrics` } : {}),
        ...(drain === undefined
          ? {}
          : { drain: () => runToEnd(fillIn(splitCommand(drain), { ...values, pid: String(program.pid) })) }),
      });
    },
  };
}

async function runToEnd([program = "", ...args]: readonly string[]): Promise<void> {
  const { success, code, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (!success) throw new Error(`${program} ended with exit code ${code}: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Nobody listens there now; whoever is told soon has it. */
function freeUdpPort(): number {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: LOOPBACK, port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  socket.close();
  return port;
}

function freeTcpPort(): number {
  const listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
