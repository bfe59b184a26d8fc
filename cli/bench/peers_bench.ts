/**
 * This project beside others that do the same work: `deno task bench:peers [name ...]` runs the benches that compare,
 * one after another, so that none disturbs another. Each takes turns with its peers in rounds and prints medians and
 * ratios; who is not installed is left out with a line.
 */
import { whyOf } from "./bench_row.ts";
import { busyWarning, describeMachine } from "./machine.ts";

interface Comparison {
  readonly beside: string;
  /** Arguments of Deno. */
  readonly args: readonly string[];
}

const RUN = ["run", "-A", "--quiet"];
const BENCH = ["bench", "-A", "--quiet"];

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  parse: { beside: "werift-rtp", args: [...BENCH, "lib/packet/arcrtp_bench.ts"] },
  srtp: { beside: "bare libraries and werift-rtp", args: [...BENCH, "lib/crypto/srtp_bench.ts"] },
  protect: { beside: "libsrtp2 and OpenSSL, from C", args: [...RUN, "lib/net/native/protect_bench.ts"] },
  relay: { beside: "the least relay in C", args: [...RUN, "lib/net/native/relay_bench.ts", "1", "5"] },
  coturn: { beside: "coturn", args: [...RUN, "cli/load/coturn_bench.ts", "--io", "deno,native"] },
  portable: { beside: "bare loops over the runtime's sockets", args: [...RUN, "lib/net/relay_server_bench.ts"] },
  ping: { beside: "a bare loop", args: [...RUN, "lib/net/probe_bench.ts"] },
  dump: { beside: "tshark and tcpdump", args: [...RUN, "lib/dissect/dump_bench.ts"] },
};

const ROOT = new URL("../../", import.meta.url).pathname;

async function compare(names: readonly string[]): Promise<boolean> {
  let isWhole = true;
  for (const name of names) {
    const { beside, args } = COMPARISONS[name];
    const machine = await describeMachine();
    console.log(`\n== ${name}: beside ${beside} (load ${machine.loadAverage.toFixed(2)})`);
    const warning = busyWarning(machine);
    if (warning !== undefined) console.log(`warning: ${warning}`);
    try {
      const child = new Deno.Command(Deno.execPath(), { args: [...args], cwd: ROOT, stdin: "null" }).spawn();
      const { code } = await child.status;
      if (code === 0) continue;
      console.log(`${name} ended with ${code}`);
    } catch (error) {
      console.log(`${name}: ${whyOf(error)}`);
    }
    isWhole = false;
  }
  return isWhole;
}

if (import.meta.main) {
  const known = Object.keys(COMPARISONS);
  const unknown = Deno.args.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`error: no comparison '${unknown.join(", ")}'\nhint: there are ${known.join(", ")}`);
    Deno.exit(2);
  }
  const isWhole = await compare(Deno.args.length > 0 ? Deno.args : known);
  Deno.exit(isWhole ? 0 : 1);
}
