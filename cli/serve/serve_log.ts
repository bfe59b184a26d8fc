/** The server's events as lines: for people or as JSON. */
import type { ServerEvent } from "../../lib/net/signaling_events.ts";
import { envelope, jsonLine } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import type { LogForm } from "./serve_options.ts";

/** What the command itself has to say, beside the server. */
export type ServeEvent = ServerEvent | { readonly event: "stopped"; readonly sessions_cut_off: number };

/** Writes events to standard error in the form of `--log`, and with `--json` to standard output as well. */
export function serveLog(io: Io, form: LogForm, json: boolean, unixMs: () => number): (event: ServeEvent) => void {
  return (event) => {
    const atMs = Math.floor(unixMs());
    if (json) io.stdout(eventLine(event, atMs));
    if (form === "text") io.stderr(eventText(event, atMs));
    else if (form === "json") io.stderr(eventLine(event, atMs));
  };
}

function eventLine(event: ServeEvent, unixMs: number): string {
  return jsonLine(envelope("serve", { ...event, unix_ms: unixMs }));
}

/** `2026-01-02T03:04:05.678Z joined connection=1 peer=...` */
export function eventText({ event, ...fields }: ServeEvent, unixMs: number): string {
  const parts = Object.entries(fields).map(([name, value]) => ` ${name}=${quoted(String(value))}`);
  return `${new Date(unixMs).toISOString()} ${event}${parts.join("")}\n`;
}

/** What others have a say in must not make lines or terminal colours of its own. */
function quoted(text: string): string {
  return /^[\w.:/@[\]-]+$/.test(text) ? text : JSON.stringify(text).replace(/[^\x20-\x7e]/g, escaped);
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
