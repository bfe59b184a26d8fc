/** `arcrtc demo`, from flags to exit code. */
import { EXIT } from "../exit_codes.ts";
import { CliError } from "../ui/cli_error.ts";
import { chooseCrypto } from "../ui/crypto_backend.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import type { DemoMedia } from "./demo_media.ts";
import { readImpairment } from "../ui/impairment.ts";
import type { DemoImpairment } from "./demo_network.ts";
import { demoJson, demoText } from "./demo_report.ts";
import { Demo, type DemoOptions } from "./demo_run.ts";
import { demoFailures } from "./demo_verdict.ts";
import { formatMs } from "./figures_text.ts";
import { onInterrupt } from "./interrupt.ts";
import { LiveLine } from "./live_line.ts";
import type { ProtectionFlags } from "./peer_options.ts";

const LIVE_MS = 200;

export interface DemoFlags extends ProtectionFlags {
  readonly duration: number;
  readonly media: DemoMedia;
  readonly relay?: boolean;
  readonly impair?: string;
  readonly seed?: number;
  readonly json?: boolean;
}

/** `corrupt` is for tests: see {@link DemoOptions}. */
export async function runDemo(flags: DemoFlags, io: Io, corrupt?: DemoOptions["corrupt"]): Promise<number> {
  const live = new LiveLine(io, flags.json !== true);
  const stops: (() => void)[] = [];
  let isInterrupted = false;
  const options: DemoOptions = {
    durationMs: flags.duration,
    media: flags.media,
    backend: chooseCrypto(io, flags.crypto).backend,
    suites: flags.cipher,
    authentications: flags.auth,
    reducedHeader: flags.reducedHeader === true,
    rtx: flags.rtx,
    fec: flags.fec,
    relay: flags.relay === true,
    impair: impairmentOf(flags),
    corrupt,
  };
  const result = await Demo.run(options, (demo) => {
    const timer = setInterval(() => live.show(progressText(demo)), LIVE_MS);
    stops.push(() => clearInterval(timer));
    stops.push(onInterrupt(() => {
      isInterrupted = true;
      demo.stop();
    }));
  }).finally(() => stops.forEach((stop) => stop()));
  live.clear();
  const failures = demoFailures(result);
  io.stdout(flags.json ? jsonDocument(envelope("demo", demoJson(result, failures))) : demoText(result, failures));
  if (isInterrupted) return EXIT.interrupted;
  return failures.length === 0 ? EXIT.ok : EXIT.finding;
}

/** @throws CliError */
function impairmentOf({ impair, seed, relay }: DemoFlags): DemoImpairment | undefined {
  if (impair === undefined) {
    if (seed === undefined) return undefined;
    throw new CliError("usage", "--seed is given and no --impair", "say what to do with it: --impair loss=2%");
  }
  const impairment = readImpairment(impair, "--impair", "demo");
  if (impairment.rebindMs !== Infinity && relay !== true) {
    throw new CliError("usage", "--impair rebind needs a relay, which sees addresses change", "add --relay");
  }
  return { text: impair, impairment, seed: seed ?? 1 };
}

function progressText(demo: Demo): string {
  const { sent, received, epoch, p99Ms } = demo.progress;
  const seconds = (demo.elapsedMs / 1000).toFixed(1);
  return `${seconds} s | ${sent} frames sent, ${received} received | epoch ${epoch} | e2e p99 ${formatMs(p99Ms)} ms`;
}
