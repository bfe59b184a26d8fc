/** From flags to the remote targets that they name. */
import { DEFAULT_RATE, type FuzzFlags } from "../fuzz_options.ts";
import { CliError } from "../../ui/cli_error.ts";
import type { Io } from "../../ui/io.ts";
import { relaySecret } from "../../ui/relay_secret.ts";
import type { RemoteTarget } from "./remote_target.ts";

export type RemoteFlags = Pick<
  FuzzFlags,
  "command" | "target" | "relay" | "relaySecret" | "session" | "bind" | "token" | "insecure" | "rate" | "hang"
>;

export function isRemoteRun({ command, target, relay }: RemoteFlags): boolean {
  return command !== undefined || target !== undefined || relay !== undefined;
}

/** Cases a second: as fast as it answers for a program of one's own, bounded for what is on a network. */
export function rateOf({ rate, target, relay }: RemoteFlags): number {
  return rate ?? (target === undefined && relay === undefined ? Infinity : DEFAULT_RATE);
}

/** @throws CliError where nobody is there. */
export async function remoteTargets(flags: RemoteFlags, io: Io): Promise<readonly RemoteTarget[]> {
  const targets: RemoteTarget[] = [];
  if (flags.command !== undefined) {
    const { commandTargets } = await import("./command_targets.ts");
    targets.push(...await commandTargets(flags.command, flags.hang));
  }
  if (flags.relay !== undefined) {
    const { parseRelayAddress, relayTargets } = await import("./relay_targets.ts");
    const address = parseRelayAddress(flags.relay, flags.insecure === true);
    targets.push(...relayTargets(address, relaySecret(flags.relaySecret, "--relay-secret", io)));
  }
  if (flags.target !== undefined) {
    const { checkSignaling, signalingTargets } = await import("./signaling_targets.ts");
    const address = {
      url: flags.target,
      trust: flags.insecure === true ? { insecure: true } : {},
      ...(flags.token === undefined ? {} : { token: flags.token }),
    };
    if (!URL.canParse(flags.target)) {
      throw new CliError("usage", `--target '${flags.target}': need a URL`, "such as ws://127.0.0.1:7480");
    }
    await checkSignaling(address);
    if (flags.session === undefined) targets.push(...signalingTargets(address));
    else {
      const { checkSessionId, insideTarget } = await import("./inside_target.ts");
      targets.push(insideTarget(address, checkSessionId(flags.session), flags.bind));
    }
  }
  return targets;
}
