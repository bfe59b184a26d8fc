/** Every `--json` document of the program names its schema and version, so that readers can tell and refuse. */
export function envelope<T extends object>(command: string, body: T): { schema: string } & T {
  return { schema: `arcrtc.${command}/1`, ...body };
}

/** One JSON document, indented for people; NDJSON streams use {@link jsonLine}. */
export function jsonDocument(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
