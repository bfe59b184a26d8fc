/** A relay on this machine's loopback, with each UDP backend: as much as passes, and at a pace. */
import { chooseCryptoBackend } from "../../lib/net/crypto_choice.ts";
import { RelayServer } from "../../lib/net/relay_server.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { chooseIo } from "../../lib/net/udp_io.ts";
import { type BenchGap, type BenchRow, PAYLOAD_SIZES_BYTES, percentile, whyOf } from "./bench_row.ts";
import type { GeneratorOrder, GeneratorReport } from "./relay_generator.ts";

const PACED_PPS = 500;
const SECRET_BYTES = 32;

const WAYS = [
  { name: "saturated", packetsPerS: Infinity },
  { name: `paced, ${PACED_PPS} packets/s`, packetsPerS: PACED_PPS },
] as const;

export async function relayRows(seconds: number): Promise<(BenchRow | BenchGap)[]> {
  const rows: (BenchRow | BenchGap)[] = [];
  for (const io of ["deno", "native"] as const) {
    try {
      chooseIo(io);
    } catch (error) {
      rows.push({ area: "relay", subject: io, why: whyOf(error) });
      continue;
    }
    for (const payloadBytes of PAYLOAD_SIZES_BYTES) {
      for (const { name, packetsPerS } of WAYS) {
        const secret = new SystemRng().fill(new Uint8Array(SECRET_BYTES));
        const report = await measure({ io, secret, payloadBytes, forMs: seconds * 1000, packetsPerS });
        const subject = `${io}, ${name}`;
        if (report.kind === "failed") rows.push({ area: "relay", subject, why: report.why });
        else rows.push({ area: "relay", subject, payloadBytes, ...figuresOf(report) });
      }
    }
  }
  return rows;
}

async function measure(order: Omit<GeneratorOrder, "port">): Promise<GeneratorReport> {
  const server = await RelayServer.start({
    relayId: "bench",
    secret: order.secret,
    crypto: chooseCryptoBackend("auto").backend,
    udp: [{ host: "127.0.0.1", port: 0 }],
    limits: { sessionBps: Infinity, sessionPps: Infinity },
    ...(order.io === "native" ? { workers: 1 } : {}),
  });
  const worker = new Worker(new URL("./relay_generator.ts", import.meta.url).href, { type: "module" });
  try {
    return await new Promise<GeneratorReport>((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve({ kind: "failed", why: event.message });
      };
      worker.postMessage({ ...order, port: server.listening.udp[0].port } satisfies GeneratorOrder);
    });
  } finally {
    worker.terminate();
    await server.stop();
  }
}

function figuresOf(
  { sent, received, elapsedMs, delaysMs }: GeneratorReport & { kind: "done" },
): Pick<BenchRow, "count" | "figures"> {
  const lost = Math.max(0, sent - received);
  const delays = [...delaysMs];
  return {
    count: received,
    figures: delays.length === 0
      ? { packetsPerS: (received * 1000) / elapsedMs, lost }
      : { delayMsP50: percentile(delays, 50), delayMsP99: percentile(delays, 99), lost },
  };
}
