/** Whether sessions are shared with other servers: `--nats`, `--server-id`. */
import { toHex } from "../../lib/base/bytes.ts";
import { NatsBus, writeNatsUrl } from "../../lib/net/nats_bus.ts";
import type { ServerBusOptions } from "../../lib/net/server_bus.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { natsAddress } from "../ui/nats_url.ts";

export interface BusFlags {
  readonly nats?: string;
  readonly natsCa?: string;
  readonly serverId?: string;
}

/** Undefined without a bus. @throws CliError */
export function serverBus(flags: BusFlags, io: Io): ServerBusOptions | undefined {
  const { serverId = toHex(new SystemRng().fill(new Uint8Array(8))) } = flags;
  if (!/^[\w-]{1,64}$/.test(serverId)) {
    throw new CliError("usage", `--server-id ${serverId} cannot be used`, "it takes 1 to 64 letters, digits, _ and -");
  }
  const address = natsAddress(flags.nats, "--nats", flags.natsCa, io);
  if (address !== undefined) {
    return { open: (events) => new NatsBus(address, events), name: writeNatsUrl(address), serverId };
  }
  if (flags.serverId === undefined) return undefined;
  throw new CliError("usage", "--server-id is given and no --nats", "a server without a bus needs no name");
}
