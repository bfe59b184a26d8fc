/** A server of this machine that is fuzzed over the network, and whose memory is watched meanwhile. */
import { CliError } from "../../ui/cli_error.ts";
import { Growth, residentBytes } from "./drift.ts";
import type { RemoteTarget } from "./remote_target.ts";

/**
 * The same targets, looking after each case at what the process holds.
 *
 * @throws CliError where the system does not tell that.
 */
export function watchingMemory(targets: readonly RemoteTarget[], pid: number): readonly RemoteTarget[] {
  if (Deno.build.os !== "linux") {
    throw new CliError("usage", "--pid needs Linux", "only there the memory of another process can be read, in /proc");
  }
  if (residentBytes(pid) === undefined) {
    throw new CliError("usage", `--pid ${pid}: there is no such process`, "pgrep finds the id of a server");
  }
  let growth = new Growth();
  const leftBehind = () => {
    try {
      growth.afterCase(residentBytes(pid));
    } catch (error) {
      // It goes on as it is, and from here on anew: each further case would be blamed.
      growth = new Growth();
      throw error;
    }
  };
  return targets.map((target) => ({ ...target, leftBehind }));
}
