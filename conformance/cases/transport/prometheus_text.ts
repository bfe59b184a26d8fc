/** The suite's own reader of the Prometheus text format, version 0.0.4: strict, since scrapers give up at a bad line. */

/** Value by name and labels, as they stand. */
export type Samples = ReadonlyMap<string, number>;

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"`;
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);
const SAMPLE = new RegExp(`^(${NAME})(\\{(?:${LABEL}(?:,${LABEL})*,?)?\\})? +(\\S+)(?: +-?[0-9]+)?$`);
/** Behind the name of a histogram or summary. */
const SUFFIXES = ["_bucket", "_sum", "_count"];

/** The samples of a page, or what is wrong with it. */
export function readPrometheus(text: string): Samples | string {
  if (!text.endsWith("\n")) return "it does not end with its last line's end";
  const samples = new Map<string, number>();
  const typed = new Set<string>();
  for (const [i, line] of text.split("\n").entries()) {
    const type = TYPE.exec(line);
    if (type !== null && typed.has(type[1])) return `line ${i + 1} names a type of ${type[1]} again`;
    if (type !== null) typed.add(type[1]);
    if (line.trim() === "" || line.startsWith("#")) continue;
    const sample = SAMPLE.exec(line);
    if (sample === null) return `line ${i + 1} is no sample: ${line}`;
    const [, name, labels = "", written] = sample;
    const value = readValue(written);
    if (value === undefined) return `line ${i + 1} has no number: ${line}`;
    if (samples.has(name + labels)) return `line ${i + 1} has ${name}${labels} again`;
    const isTyped = typed.has(name) || SUFFIXES.some((suffix) => typed.has(name.slice(0, -suffix.length)));
    if (!isTyped) return `line ${i + 1} stands before the type of ${name}`;
    samples.set(name + labels, value);
  }
  return samples;
}

/** As Go writes and reads floats. */
function readValue(text: string): number | undefined {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (text === "NaN") return NaN;
  return /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(text) ? Number(text) : undefined;
}
