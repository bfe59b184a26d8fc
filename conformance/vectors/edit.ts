/** Changes to messages by JSON path: cases are a good message with one thing done to it. */
import type { Json } from "./case.ts";

type Step = string | number;

/** `network_info.local[0].ip` as steps. */
function steps(path: string): Step[] {
  return [...path.matchAll(/([A-Za-z0-9_]+)|\[(\d+)\]/g)].map(([, name, index]) => name ?? Number(index));
}

type Node = Record<Step, unknown>;

function child(node: unknown, step: Step): unknown {
  return typeof node === "object" && node !== null ? (node as Node)[step] : undefined;
}

export function valueAt(message: Json, path: string): unknown {
  return steps(path).reduce<unknown>(child, message);
}

/** A copy with `value` at `path`, whose parents exist. */
export function withValue(message: Json, path: string, value: unknown): Json {
  const copy = structuredClone(message) as Node;
  const all = steps(path);
  const parent = all.slice(0, -1).reduce<unknown>(child, copy) as Node;
  parent[all[all.length - 1]] = value;
  return copy as Json;
}

/** A copy without the member at `path`. */
export function without(message: Json, path: string): Json {
  const copy = structuredClone(message) as Node;
  const all = steps(path);
  const parent = all.slice(0, -1).reduce<unknown>(child, copy) as Node;
  delete parent[all[all.length - 1]];
  return copy as Json;
}

/**
 * A copy of `minimal` in which `path` exists: what is missing of it comes from `full`, from the first parent on that
 * `minimal` does not have.
 */
export function grown(minimal: Json, full: Json, path: string): Json {
  const all = steps(path);
  for (let length = 1; length <= all.length; length++) {
    const prefix = all.slice(0, length);
    if (prefix.reduce<unknown>(child, minimal) !== undefined) continue;
    const name = prefix.map((step, i) => typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`).join("");
    const value = valueAt(full, name);
    if (value === undefined) throw new Error(`Neither example has ${name}`);
    // One entry of a list is enough to have its fields.
    return withValue(minimal, name, Array.isArray(value) ? value.slice(0, 1) : value);
  }
  return minimal;
}
