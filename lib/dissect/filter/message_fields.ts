/** Names and kinds of the fields of messages, out of their schemas: `arcsig.capabilities.codecs.item` and so on. */
import type * as v from "valibot";
import { MESSAGE_SCHEMAS, STATUS_SCHEMAS } from "../../signaling/messages/registry.ts";

export type MessageFieldKind = "number" | "bool" | "text";

const PREFIX = "arcsig";

/** What of a schema is looked at: valibot's own shape of objects, lists, options and scalars. */
interface Shape {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly item?: Shape;
  readonly wrapped?: Shape;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
}

/** Every field that any message may have, by its dissected name. */
export function messageFields(): ReadonlyMap<string, MessageFieldKind> {
  const fields = new Map<string, MessageFieldKind>();
  for (const schema of [...Object.values(MESSAGE_SCHEMAS), ...Object.values(STATUS_SCHEMAS)]) {
    collect(schema as v.GenericSchema as unknown as Shape, PREFIX, fields);
  }
  return fields;
}

function collect(shape: Shape, name: string, fields: Map<string, MessageFieldKind>): void {
  if (shape.wrapped !== undefined) return collect(shape.wrapped, name, fields);
  if (shape.item !== undefined) return collect(shape.item, `${name}.item`, fields);
  if (shape.entries !== undefined) {
    for (const [key, member] of Object.entries(shape.entries)) collect(member, `${name}.${key}`, fields);
    return;
  }
  if (shape.type === "variant") {
    for (const option of shape.options ?? []) collect(option as Shape, name, fields);
    return;
  }
  const kind = kindOf(shape);
  if (name !== PREFIX && !fields.has(name)) fields.set(name, kind);
}

function kindOf({ type, literal }: Shape): MessageFieldKind {
  if (type === "number") return "number";
  if (type === "boolean" || typeof literal === "boolean") return "bool";
  return "text";
}
