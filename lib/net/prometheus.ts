/** Figures in the Prometheus text format, version 0.0.4: what any server of this program shows at `/metrics`. */

export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** One line: a value under its labels. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** Appended to the family's name: `_bucket`, `_sum`, `_count` of a histogram. */
  readonly suffix?: string;
}

/** All samples of one name. Names have their unit: `_seconds`, `_bytes`, `_total` for counters. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly samples: readonly Sample[];
}

/** The text of all families. @throws RangeError for a name that Prometheus would not take: a programmer's mistake. */
export function writePrometheus(families: Iterable<MetricFamily>): string {
  let text = "";
  for (const { name, help, type, samples } of families) {
    text += `# HELP ${checkName(name)} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    for (const sample of samples) {
      text += `${name}${sample.suffix ?? ""}${labelText(sample.labels)} ${valueText(sample.value)}\n`;
    }
  }
  return text;
}

export function counter(name: string, help: string, value: number | readonly Sample[]): MetricFamily {
  return { name, help, type: "counter", samples: typeof value === "number" ? [{ value }] : value };
}

export function gauge(name: string, help: string, value: number | readonly Sample[]): MetricFamily {
  return { name, help, type: "gauge", samples: typeof value === "number" ? [{ value }] : value };
}

/** Samples of one family that differ in one label: `{in: 3, out: 4}` under `direction`. */
export function byLabel(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

/** Counts observations in fixed buckets: constant memory however many there are. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  readonly #sum: Float64Array;

  /**
   * Upper bounds, ascending; the bucket beyond the last one is there by itself. Counts in `slots`,
   * {@link histogramSlots} numbers of the caller's: memory that another thread reads, or a sum.
   */
  constructor(bounds: readonly number[], slots: Float64Array = new Float64Array(histogramSlots(bounds))) {
    this.#bounds = bounds;
    this.#counts = slots.subarray(0, bounds.length + 1);
    this.#sum = slots.subarray(bounds.length + 1, bounds.length + 2);
  }

  /** Counts a value, `times` over. */
  observe(value: number, times = 1): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]) bucket++;
    this.#counts[bucket] += times;
    this.#sum[0] += value * times;
  }

  family(name: string, help: string): MetricFamily {
    let upTo = 0;
    const samples: Sample[] = [...this.#counts].map((count, i) => ({
      suffix: "_bucket",
      labels: { le: i < this.#bounds.length ? String(this.#bounds[i]) : "+Inf" },
      value: upTo += count,
    }));
    samples.push({ suffix: "_sum", value: this.#sum[0] }, { suffix: "_count", value: upTo });
    return { name, help, type: "histogram", samples };
  }
}

/** Numbers that a {@link Histogram} holds. */
export function histogramSlots(bounds: readonly number[]): number {
  return bounds.length + 2;
}

function checkName(name: string): string {
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) throw new RangeError(`'${name}' is no Prometheus name`);
  return name;
}

function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  if (labels === undefined) return "";
  const parts = Object.entries(labels).map(([name, value]) => `${checkName(name)}="${escapeLabel(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
