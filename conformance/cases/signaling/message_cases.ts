/** Cases that hold one message against its table: what each field may be, read and written. */
import { EXAMPLES } from "../../../lib/signaling/examples.ts";
import type { MessageType } from "../../../lib/signaling/messages/registry.ts";
import type { Check, OpsCase } from "../../case.ts";
import { answers, answersWith, refuses } from "../../expect.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import { refusedAs } from "./codes.ts";

/** Values that a field of the full example may have, and may not; `capabilities.codecs`, `local.0.port`. */
export interface FieldBounds {
  readonly field: string;
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
  /** What else of the example is different, so that the value fits. */
  readonly beside?: Json;
}

/** Reads and writes the message with each value in turn. */
export function boundsCase(
  id: string,
  rule: string,
  title: string,
  type: MessageType,
  bounds: readonly FieldBounds[],
): OpsCase {
  return {
    id,
    requirements: [rule, "ARC-SIG-message-tables"],
    title,
    needs: "ops",
    checks: () =>
      bounds.flatMap(({ field, good, bad, beside = {} }) => {
        const example = { ...EXAMPLES[type].full, ...beside };
        const message = (value: unknown) => replaced(example, field.split("."), value);
        return [
          ...good.flatMap((value) => taken(`${field} = ${shown(value)}`, message(value))),
          ...bad.flatMap((value) => refused(`${field} = ${shown(value)}`, message(value))),
        ];
      }),
  };
}

/** The examples are written as they are; without a required field there is nothing to write. */
export function writtenCase(id: string, rule: string, type: MessageType): OpsCase {
  const { minimal, full } = EXAMPLES[type];
  return {
    id,
    requirements: [rule, "ARC-SIG-message-round-trip"],
    title: `${type} is written with the fields of its table, and not at all without one that is required`,
    needs: "ops",
    checks: () => [
      written("minimal", minimal),
      written("full", full),
      ...Object.keys(minimal).map((name) => {
        const { [name]: _gone, ...rest } = minimal as unknown as Json;
        return { name: `without ${name}`, request: { op: "signaling.write", message: rest }, ...refuses() };
      }),
    ],
  };
}

/** Written, and read again to the same. */
function written(name: string, message: object): Check {
  return {
    name: `${name}, written`,
    request: { op: "signaling.write", message },
    ...answers({ json: JSON.stringify(message) }),
    then: ({ json }) => [{
      name: `${name}, read again`,
      request: { op: "signaling.parse", json },
      ...answers({ message }),
    }],
  };
}

function taken(name: string, message: Json): readonly Check[] {
  return [{
    name: `${name}, read`,
    request: { op: "signaling.parse", json: JSON.stringify(message) },
    ...answersWith("a message", () => undefined),
  }, {
    name: `${name}, written`,
    request: { op: "signaling.write", message },
    ...answersWith("a text", () => undefined),
  }];
}

function refused(name: string, message: Json): readonly Check[] {
  return [{
    name: `${name}, read`,
    request: { op: "signaling.parse", json: JSON.stringify(message) },
    ...refusedAs("bad_message"),
  }, { name: `${name}, written`, request: { op: "signaling.write", message }, ...refuses() }];
}

/** The same value with another at the path; undefined takes the member away. */
export function replaced(value: Json, path: readonly string[], put: unknown): Json {
  const [name = "", ...rest] = path;
  if (rest.length === 0) return { ...value, [name]: put };
  const inner = value[name];
  if (Array.isArray(inner)) {
    const [index = "", ...deeper] = rest;
    const items: unknown[] = [...inner];
    items[Number(index)] = deeper.length === 0 ? put : replaced(asJson(items[Number(index)]), deeper, put);
    return { ...value, [name]: items };
  }
  return { ...value, [name]: replaced(asJson(inner), rest, put) };
}

function asJson(value: unknown): Json {
  if (!isJson(value)) throw new Error("the example has no object there");
  return value;
}

const MAX_SHOWN = 40;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "absent";
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}... (${text.length} characters)`;
}
