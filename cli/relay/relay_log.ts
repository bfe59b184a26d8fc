/** The relay's events as lines: for people or as JSON. */
import type { RelayServerEvent } from "../../lib/net/relay_server_events.ts";
import { envelope, jsonLine } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import type { LogForm } from "./relay_options.ts";

/** What the command itself has to say, beside the relay. */
export type RelayLogEvent = RelayServerEvent | (RelaySummary & { readonly event: "stopped" });

/** What a run came to. */
export interface RelaySummary {
  readonly uptime_s: number;
  readonly sessions_cut_off: number;
  readonly received_units: number;
  /** By PR. */
  readonly forwarded_units: readonly number[];
  readonly queue_drops: readonly number[];
  readonly late_units: readonly number[];
  /** By reason, those that occurred. */
  readonly dropped_units: Readonly<Record<string, number>>;
}

/** Writes events to standard error in the form of `--log`, and with `--json` to standard output as well. */
export function relayLog(io: Io, form: LogForm, json: boolean, unixMs: () => number): (event: RelayLogEvent) => void {
  return (event) => {
    const atMs = Math.floor(unixMs());
    const line = () => jsonLine(envelope("relay", { ...event, unix_ms: atMs }));
    if (json) io.stdout(line());
    if (form === "json") io.stderr(line());
    else if (form === "text") io.stderr(eventText(event, atMs));
  };
}

/** `2026-01-02T03:04:05.678Z bound how=moved session=...` */
export function eventText({ event, ...fields }: RelayLogEvent, unixMs: number): string {
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
