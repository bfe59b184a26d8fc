/** Opens what `--listen` and `--proxy` ask for. */
import { lookup } from "node:dns/promises";
import { systemClock } from "../../lib/net/clock.ts";
import { ListenError } from "../../lib/net/listen.ts";
import type { Tap, TapTarget } from "../../lib/net/tap.ts";
import { openTcpTap } from "../../lib/net/tap_tcp.ts";
import { openUdpTap } from "../../lib/net/tap_udp.ts";
import { CliError } from "../ui/cli_error.ts";
import { LiveCapture, placeText } from "./live_capture.ts";
import { parseListen, parseProxy, type TapPlan } from "./tap_flags.ts";

/** All of them, or none. `note` tells where each listens. @throws CliError */
export async function openTaps(
  { listen = [], proxy = [] }: { readonly listen?: readonly string[]; readonly proxy?: readonly string[] },
  note: (text: string) => void,
): Promise<LiveCapture> {
  const plans = [...listen.map(parseListen), ...proxy.map(parseProxy)];
  const clock = systemClock();
  const live = new LiveCapture(clock, note);
  try {
    for (const plan of plans) {
      const target = await resolve(plan);
      const tap = open(plan, target, live, clock);
      const { target: place, scheme } = plan;
      const there = place === undefined ? "" : `=${placeText(scheme, place)}`;
      live.taps.push({ text: `${placeText(scheme, tap.local)}${there}`, tap });
    }
  } catch (error) {
    live.stop();
    throw error;
  }
  for (const { text } of live.taps) {
    const [from, to] = text.split("=");
    note(`listening at ${from}${to === undefined ? "" : `, handing on to ${to}`}; Ctrl-C ends it`);
  }
  return live;
}

/** Packets are told apart by addresses, so a name has to be one first. */
async function resolve({ text, target }: TapPlan): Promise<TapTarget> {
  if (target === undefined) return undefined;
  try {
    return { host: (await lookup(target.host)).address, port: target.port };
  } catch (error) {
    throw new CliError("unreachable", `--proxy ${text}: ${error instanceof Error ? error.message : error}`);
  }
}

function open(
  { protocol, listen }: TapPlan,
  target: TapTarget,
  watcher: LiveCapture,
  clock: ReturnType<typeof systemClock>,
): Tap {
  try {
    return protocol === "udp"
      ? openUdpTap({ listen, target, watcher, clock })
      : openTcpTap({ listen, target, watcher });
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new CliError("usage", error.message, "end what listens there, or take another port; 0 is any free one");
  }
}
