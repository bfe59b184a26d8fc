/** What a relay shows at its metrics endpoint (SPEC ARC-RELAY-status-metrics), as the suite itself reads it. */
import { fetchText } from "../../lib/net/fetch_text.ts";
import { Breach } from "./outcome.ts";
import { type MetricsPage, readPrometheus } from "./prometheus_text.ts";
import type { World } from "./world.ts";

const MAX_PAGE_BYTES = 4 * 1024 * 1024;

/** Fetches and reads it. */
export async function readMetrics({ desk }: World, url: string): Promise<MetricsPage> {
  let text: string;
  try {
    text = await fetchText(url, { maxBytes: MAX_PAGE_BYTES, timeoutMs: desk.patienceMs });
  } catch (error) {
    throw new Breach(`a page at ${url}`, error instanceof Error ? error.message : String(error));
  }
  desk.transcript.noted("note", `${url} has ${text.length} characters`);
  const page = readPrometheus(text);
  if (typeof page === "string") throw new Breach("a page in the Prometheus text format", page.slice(0, 200));
  return page;
}

/** The value of a gauge without labels, which must be there. */
export function gaugeOf({ samples, types }: MetricsPage, name: string): number {
  const value = samples.get(name);
  const type = types.get(name) ?? "untyped";
  if (value === undefined) throw new Breach(`a gauge ${name}`, "a page without it");
  if (type !== "gauge") throw new Breach(`${name} declared as a gauge`, type);
  return value;
}
