/** A message taken apart for people, tools and captures: every value with its place in the bytes. */
import type { FieldNode, FieldValue } from "../packet/field_node.ts";
import { parseJsonDocument } from "./json.ts";
import { shorten } from "./json_path.ts";
import { isJsonList, isJsonObject, type JsonSpan, type JsonValue, spanAt } from "./json_value.ts";

const PREFIX = "arcsig";

/**
 * The fields of a plain JSON message in wire order, `arcsig.session_id` and so on; items of a list are called `.item`.
 * A field's bits are those of its value, quotes or brackets included. Judges nothing: what is JSON is shown, unknown
 * fields too. What is not is one field `arcsig.malformed`, with the fault as its text.
 */
export function dissectMessage(bytes: Uint8Array): FieldNode[] {
  const document = parseJsonDocument(bytes);
  if (!document.ok) {
    const text = document.fault.message;
    return [{ name: `${PREFIX}.malformed`, label: "Malformed", ...bits(0, bytes.length), value: bytes, text }];
  }
  const { value, span } = document.value;
  return dissectParts(value, span, PREFIX) ?? [node(PREFIX, "Value", value, span)];
}

/** The members or items of an object or list; `undefined` for a scalar. */
function dissectParts(value: JsonValue, span: JsonSpan, name: string): FieldNode[] | undefined {
  if (isJsonList(value)) {
    return value.map((item, i) => node(`${name}.item`, `[${i}]`, item, spanAt(span, [i]) ?? span));
  }
  if (!isJsonObject(value)) return undefined;
  const nodes = Object.entries(value).map(([key, member]) =>
    node(`${name}.${isWord(key) ? key : "other"}`, labelOf(key), member, spanAt(span, [key]) ?? span)
  );
  // Names that look like numbers come first in JavaScript objects, whatever their place in the text.
  return nodes.sort((a, b) => a.bitOffset - b.bitOffset);
}

function node(name: string, label: string, value: JsonValue, span: JsonSpan): FieldNode {
  const place = bits(span.start, span.end);
  const children = dissectParts(value, span, name);
  if (children !== undefined) return { name, label, ...place, children };
  const scalar = scalarOf(value);
  const text = textOf(name.slice(name.lastIndexOf(".") + 1), scalar);
  return { name, label, ...place, value: scalar, ...(text !== undefined && { text }) };
}

function bits(start: number, end: number): { readonly bitOffset: number; readonly bitLength: number } {
  return { bitOffset: start * 8, bitLength: (end - start) * 8 };
}

function scalarOf(value: JsonValue): FieldValue {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : "null";
}

/** Display filters take words only. */
function isWord(key: string): boolean {
  return /^[a-z][a-z0-9_]{0,63}$/.test(key);
}

const ACRONYMS = new Set(
  ["bps", "cpu", "fec", "fps", "id", "ip", "nat", "pps", "roc", "rss", "rtcp", "rtt", "rtx", "ssrc"],
);

/** `relay_servers` to `Relay servers`, `nat_type` to `NAT type`. */
function labelOf(key: string): string {
  if (!isWord(key)) return JSON.stringify(shorten(key, 64));
  const words = key.split("_").map((word) => ACRONYMS.has(word) ? word.toUpperCase() : word).join(" ");
  return words[0].toUpperCase() + words.slice(1);
}

/** Units and other readings that say more than the number. */
function textOf(field: string, value: FieldValue): string | undefined {
  if (typeof value !== "number") return undefined;
  switch (field) {
    case "timestamp":
    case "original_timestamp":
    case "response_timestamp":
      return formatUnixMs(value);
    case "expires":
      return formatUnixMs(value * 1000);
    case "ssrc":
    case "rtcp_ssrc":
    case "protects":
      return `0x${value.toString(16).padStart(8, "0")}`;
    case "bitrate":
    case "bandwidth":
      return `${value} bit/s`;
    case "sample_rate":
    case "clock_rate":
      return `${value} Hz`;
    case "latency_ms":
    case "rtt":
    case "jitter":
    case "one_way":
      return `${value} ms`;
    case "lifetime_s":
      return `${value} s`;
    default:
      return undefined;
  }
}

const DAY_MS = 86_400_000;

/**
 * `2009-02-13T23:31:30.123Z`; `undefined` for what is no such time. Days are counted from 0000-03-01, so that the leap
 * day is the last of its year and the months before it have a formula.
 */
function formatUnixMs(unixMs: number): string | undefined {
  if (!Number.isSafeInteger(unixMs) || unixMs < 0) return undefined;
  const day = Math.floor(unixMs / DAY_MS) + 719_468;
  const era = Math.floor(day / 146_097);
  const dayOfEra = day - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const ms = unixMs % DAY_MS;
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const clock = `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}`;
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(dayOfMonth)}T${clock}.${
    String(ms % 1000).padStart(3, "0")
  }Z`;
}
