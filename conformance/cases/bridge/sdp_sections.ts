/** The suite's own look at SDP: m-lines and their attributes, as text. */

export interface Section {
  readonly kind: string;
  readonly port: number;
  /** Payload types or other formats of the m-line. */
  readonly formats: readonly string[];
  /** The `a=` lines, without `a=`; those that stand in front of the sections too. */
  readonly attributes: readonly string[];
}

/** Undefined where the text is no SDP that could be looked at. */
export function sectionsOf(text: unknown): readonly Section[] | undefined {
  if (typeof text !== "string" || !text.startsWith("v=0\r\n") || !text.endsWith("\r\n")) return undefined;
  const [session, ...parts] = text.split(/^(?=m=)/m);
  const shared = attributesOf(session);
  return parts.map((part) => {
    const [kind, port, _protocol, ...formats] = part.slice(2, part.indexOf("\r\n")).split(" ");
    return { kind, port: Number(port), formats, attributes: [...shared, ...attributesOf(part)] };
  });
}

function attributesOf(text: string): readonly string[] {
  return text.split("\r\n").filter((line) => line.startsWith("a=")).map((line) => line.slice(2));
}

/** `name` of `a=name:value`; all values. */
export function valuesOf({ attributes }: Section, name: string): readonly string[] {
  return attributes.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1));
}

/** Encoding names of the formats in their order, in lower case, with the clock: `opus/48000`. */
export function encodingsOf(section: Section): readonly string[] {
  const maps = new Map(valuesOf(section, "rtpmap").map((value) => [value.split(" ")[0], value.split(" ")[1] ?? ""]));
  return section.formats.map((format) => (maps.get(format) ?? "?").toLowerCase().split("/").slice(0, 2).join("/"));
}

/** The whole in a line: of each m-line its kind, and its encodings or that it is rejected. */
export function summaryOf(text: unknown): string {
  const sections = sectionsOf(text);
  if (sections === undefined) return `no SDP: ${String(text).slice(0, 60)}`;
  return sections.map((section) =>
    `${section.kind}: ${section.port === 0 ? "rejected" : encodingsOf(section).join(" ")}`
  ).join("; ");
}
