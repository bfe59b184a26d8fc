/**
 * A page in the Prometheus text format, version 0.0.4, read by the suite itself: what a relay shows at its metrics endpoint
 * (SPEC ARC-RELAY-status-metrics).
 */
import { fetchText } from "../../lib/net/fetch_text.ts";
import { Breach } from "./outcome.ts";
import type { World } from "./world.ts";

const MAX_PAGE_BYTES = 4 * 1024 * 1024;

/** What the samples without labels say, each with the type that was declared for it. */
export type MetricsPage = ReadonlyMap<string, { readonly type: string; readonly value: number }>;

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = String.raw`[ \t]*${NAME}[ \t]*=[ \t]*"(?:[^"\\\n]|\\[\\"n])*"[ \t]*`;
const SAMPLE = new RegExp(
  String.raw`^(${NAME})(\{(?:${LABEL}(?:,${LABEL})*,?)?[ \t]*\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?[ \t]*$`,
);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);

/** Fetches and reads it. */
export async function readMetrics({ desk }: World, url: string): Promise<MetricsPage> {
  let text: string;
  try {
    text = await fetchText(url, { maxBytes: MAX_PAGE_BYTES, timeoutMs: desk.patienceMs });
  } catch (error) {
    throw new Breach(`a page at ${url}`, error instanceof Error ? error.message : String(error));
  }
  desk.transcript.noted("note", `${url} has ${text.length} characters`);
  return parseMetrics(text);
}

/** @throws Breach for the first line that is not of the format. */
export function parseMetrics(text: string): MetricsPage {
  const types = new Map<string, string>();
  const page = new Map<string, { readonly type: string; readonly value: number }>();
  for (const line of text.split(/\r?\n/)) {
    const [, declared, type] = TYPE.exec(line) ?? [];
    if (declared !== undefined) types.set(declared, type);
    if (line.trim() === "" || (line.startsWith("#") && !/^# TYPE\b/.test(line)) || declared !== undefined) continue;
    const [, name, labels, value] = SAMPLE.exec(line) ?? [];
    const number = numberOf(value);
    if (name === undefined || number === undefined) {
      throw new Breach("lines of the Prometheus text format", line.slice(0, 200));
    }
    if (labels === undefined) page.set(name, { type: types.get(name) ?? "untyped", value: number });
  }
  return page;
}

const SPECIAL: Readonly<Record<string, number>> = { "+Inf": Infinity, "-Inf": -Infinity, "NaN": NaN };

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (Object.hasOwn(SPECIAL, text)) return SPECIAL[text];
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

/** The value of a gauge without labels, which must be there. */
export function gaugeOf(page: MetricsPage, name: string): number {
  const found = page.get(name);
  if (found === undefined) throw new Breach(`a gauge ${name}`, "a page without it");
  if (found.type !== "gauge") throw new Breach(`${name} declared as a gauge`, found.type);
  return found.value;
}
