/**
 * Addresses of this host to send from, one for each case. What a target bounds for each address is then met by a case
 * alone: no case waits for another's messages, and one that floods harms nobody.
 */
import { below } from "../../lib/base/rng.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";

/** An address of 127.0.0.0/8 other than the usual ones; undefined where the target is not there, or only 127.0.0.1 is. */
export function ownSourceHost(targetHost: string): string | undefined {
  if (Deno.build.os !== "linux" || !/^127\.\d+\.\d+\.\d+$/.test(targetHost)) return undefined;
  const rng = new SystemRng();
  return `127.${64 + below(rng, 128)}.${below(rng, 256)}.${1 + below(rng, 254)}`;
}
