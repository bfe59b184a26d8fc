/** The suite's own reader of the Prometheus text format, version 0.0.4: strict, since scrapers give up at a bad line. */

export interface MetricsPage {
  /** Value by name and labels, as they stand. */
  readonly samples: ReadonlyMap<string, number>;
  /** By name; a name that is not there is untyped. */
  readonly types: ReadonlyMap<string, string>;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"`;
const TYPE = new RegExp(`^#[ \\t]+TYPE[ \\t]+(${NAME})[ \\t]+(counter|gauge|histogram|summary|untyped)[ \\t]*$`);
const SAMPLE = new RegExp(
  `^(${NAME})(\\{(?:${LABEL}(?:,${LABEL})*,?)?\\})?[ \\t]+(\\S+)(?:[ \\t]+-?[0-9]+)?[ \\t]*$`,
);

/** The page, or what is wrong with it. */
export function readPrometheus(text: string): MetricsPage | string {
  if (!text.endsWith("\n")) return "it does not end with its last line's end";
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  const named = new Set<string>();
  for (const [i, line] of text.split("\n").entries()) {
    const type = TYPE.exec(line);
    if (type !== null && types.has(type[1])) return `line ${i + 1} names a type of ${type[1]} again`;
    if (type !== null && named.has(type[1])) return `line ${i + 1} names a type of ${type[1]} behind a sample`;
    if (type !== null) types.set(type[1], type[2]);
    else if (/^#[ \t]+TYPE\b/.test(line)) return `line ${i + 1} names no type: ${line}`;
    if (line.trim() === "" || line.startsWith("#")) continue;
    const sample = SAMPLE.exec(line);
    if (sample === null) return `line ${i + 1} is no sample: ${line}`;
    const [, name, labels = "", written] = sample;
    const value = readValue(written);
    if (value === undefined) return `line ${i + 1} has no number: ${line}`;
    if (samples.has(name + labels)) return `line ${i + 1} has ${name}${labels} again`;
    named.add(name);
    samples.set(name + labels, value);
  }
  return { samples, types };
}

/** As Go writes and reads floats. */
function readValue(text: string): number | undefined {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (text === "NaN") return NaN;
  return /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(text) ? Number(text) : undefined;
}
