/** From flags to the remote targets that they name. */
import { DEFAULT_RATE, type FuzzFlags } from "../fuzz_options.ts";
import { CliError } from "../../ui/cli_error.ts";
import type { Io } from "../../ui/io.ts";
import { relaySecret } from "../../ui/relay_secret.ts";
import type { Respondent } from "./command_targets.ts";
import type { RemoteTarget } from "./remote_target.ts";

export type RemoteFlags = Pick<
  FuzzFlags,
  | "command"
  | "against"
  | "target"
  | "relay"
  | "relaySecret"
  | "session"
  | "bind"
  | "token"
  | "insecure"
  | "rate"
  | "pid"
  | "hang"
>;

export function isRemoteRun({ command, against, target, relay }: RemoteFlags): boolean {
  return [command, against, target, relay].some((flag) => flag !== undefined);
}

/** Cases a second: as fast as it answers for a program of one's own, bounded for what is on a network. */
export function rateOf({ rate, target, relay }: RemoteFlags): number {
  return rate ?? (target === undefined && relay === undefined ? Infinity : DEFAULT_RATE);
}

/** @throws CliError where nobody is there. */
export async function remoteTargets(flags: RemoteFlags, io: Io): Promise<readonly RemoteTarget[]> {
  checkAgainst(flags);
  checkPid(flags);
  const targets: RemoteTarget[] = [];
  if (flags.command !== undefined) {
    const { testeeTargets } = await import("./command_targets.ts");
    targets.push(...testeeTargets(await respondentOf(flags.command, flags)));
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
  if (flags.pid === undefined) return targets;
  const { watchingMemory } = await import("./watched_process.ts");
  return watchingMemory(targets, flags.pid);
}

function checkAgainst({ command, against, target, relay }: RemoteFlags): void {
  if (against === undefined) return;
  if (command === undefined) {
    throw new CliError("usage", "--against needs --command", "two programs: --command 'A' --against 'B'");
  }
  if (target === undefined && relay === undefined) return;
  const other = target === undefined ? "--relay" : "--target";
  throw new CliError("usage", `--against and ${other} exclude each other`, "--against is for programs: leave one out");
}

function checkPid({ pid, command, target, relay }: RemoteFlags): void {
  if (pid === undefined || (command === undefined && (target ?? relay) !== undefined)) return;
  const hint = command === undefined
    ? "the server that --pid is the process of"
    : "a program's memory is watched anyway";
  throw new CliError("usage", "--pid is for --target and --relay", hint);
}

async function respondentOf(command: string, { against, hang }: RemoteFlags): Promise<Respondent> {
  if (against === undefined) return await (await import("./one_program.ts")).oneProgram(command, hang);
  return await (await import("./program_pair.ts")).startPair(command, against, hang);
}
