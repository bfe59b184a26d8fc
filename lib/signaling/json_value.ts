/** JSON values as the strict reader of `json.ts` gives them, and where they stood in the text. */
import type { PathSegment } from "./json_path.ts";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** A stretch of the input: bytes where the input was bytes, UTF-16 code units where it was text. End excluded. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** Where a value stands in the input, and where its parts do. */
export interface JsonSpan extends TextRange {
  /** The quoted name, where the value is a member of an object. */
  readonly name?: TextRange;
  /** True on a number written in digits alone: no sign, fraction or exponent. */
  readonly digitsOnly?: boolean;
  readonly members?: ReadonlyMap<string, JsonSpan>;
  readonly items?: readonly JsonSpan[];
}

export interface JsonDocument {
  readonly value: JsonValue;
  readonly span: JsonSpan;
}

/** Compact text; members in the order in which they were added. */
export function writeJson(value: JsonValue): string {
  return JSON.stringify(value);
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isJsonList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The span at `path` below `span`; `undefined` where there is nothing. */
export function spanAt(span: JsonSpan, path: readonly PathSegment[]): JsonSpan | undefined {
  let here: JsonSpan | undefined = span;
  for (const segment of path) {
    here = typeof segment === "number" ? here?.items?.[segment] : here?.members?.get(segment);
  }
  return here;
}

/** How many objects and arrays stand inside one another; 0 for a scalar. For values of bounded depth. */
export function jsonDepth(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 0;
  let deepest = 0;
  for (const part of isJsonList(value) ? value : Object.values(value)) deepest = Math.max(deepest, jsonDepth(part));
  return deepest + 1;
}
