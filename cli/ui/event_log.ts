/** What a server tells while it runs, as lines: for people or as JSON. */
import { envelope, jsonLine } from "./envelope.ts";
import type { Io } from "./io.ts";

/** Forms of `--log`. */
export const LOG_FORMS = ["text", "json", "none"] as const;
export type LogForm = (typeof LOG_FORMS)[number];

/** Writes events to standard error in the form of `--log`, and with `--json` to standard output as well. */
export function eventLog<Event extends { readonly event: string }>(
  command: string,
  io: Io,
  { form, json, unixMs }: { readonly form: LogForm; readonly json: boolean; readonly unixMs: () => number },
): (event: Event) => void {
  return (event) => {
    const atMs = Math.floor(unixMs());
    const line = () => jsonLine(envelope(command, { ...event, unix_ms: atMs }));
    if (json) io.stdout(line());
    if (form === "text") io.stderr(eventText(event, atMs));
    else if (form === "json") io.stderr(line());
  };
}

/** `2026-01-02T03:04:05.678Z joined connection=1 peer=...` */
export function eventText({ event, ...fields }: { readonly event: string }, unixMs: number): string {
  const parts = Object.entries(fields).map(([name, value]) => ` ${name}=${quoted(valueText(value))}`);
  return `${new Date(unixMs).toISOString()} ${event}${parts.join("")}\n`;
}

function valueText(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return value.join("/");
  return Object.entries(value).map(([name, count]) => `${name}:${count}`).join("/") || "none";
}

/** What others have a say in must not make lines or terminal colours of its own. */
function quoted(text: string): string {
  return /^[\w.:/@[\]-]+$/.test(text) ? text : JSON.stringify(text).replace(/[^\x20-\x7e]/g, escaped);
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
