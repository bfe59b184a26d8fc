/** The machine that figures are from, and whether it had other things to do. */
import os from "node:os";
import { chooseCryptoBackend } from "../../lib/net/crypto_choice.ts";
import { chooseIo } from "../../lib/net/udp_io.ts";

/** How long the processors are watched before anything is measured. */
const WATCH_MS = 300;
/** Share of the processors that others may have before figures suffer. */
const BUSY_SHARE = 0.1;

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly arch: string;
  readonly kernel: string;
  readonly deno: string;
  /** Of one minute. */
  readonly loadAverage: number;
  /** Of all processors together, 0..1, while nothing of ours ran. */
  readonly busyShare: number;
  readonly crypto: { readonly backend: string; readonly why: string };
  readonly io: { readonly backend: string; readonly why: string };
}

export async function describeMachine(): Promise<Machine> {
  const crypto = chooseCryptoBackend("auto");
  const io = chooseIo("auto");
  const cpus = system(() => os.cpus(), []);
  return {
    cpu: cpus[0]?.model.trim() ?? "unknown",
    cores: navigator.hardwareConcurrency,
    arch: Deno.build.arch,
    kernel: system(() => `${os.type()} ${os.release()}`, Deno.build.os),
    deno: Deno.version.deno,
    loadAverage: system(() => os.loadavg()[0], NaN),
    busyShare: await watch(),
    crypto: { backend: crypto.backend.name, why: crypto.why },
    io: { backend: io.name, why: io.why },
  };
}

/** What to say of a machine that does other things as well; undefined where it does not. */
export function busyWarning({ busyShare, cores }: Machine): string | undefined {
  if (Number.isNaN(busyShare)) return "how busy this machine is cannot be read: figures may be of a busy one";
  if (busyShare <= BUSY_SHARE) return undefined;
  const busy = (busyShare * cores).toFixed(1);
  return `others keep ${busy} of ${cores} processors busy: figures will be worse than this machine can do`;
}

async function watch(): Promise<number> {
  const before = times();
  await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
  const after = times();
  const total = after.total - before.total;
  return total > 0 ? 1 - (after.idle - before.idle) / total : NaN;
}

function times(): { readonly idle: number; readonly total: number } {
  let [idle, total] = [0, 0];
  for (const { times } of system(() => os.cpus(), [])) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle, total };
}

/** Without the permission (--allow-sys) `otherwise`. */
function system<T>(ask: () => T, otherwise: T): T {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    return otherwise;
  }
}
