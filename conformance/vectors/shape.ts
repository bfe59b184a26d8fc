/** The JSON Schema of a vector file, published beside the files. */

const TEXT = { type: "string", minLength: 1 };
const COUNT = { type: "integer", minimum: 0 };
const OBJECT = { type: "object" };
const IDS = {
  type: "array",
  description: "Ids of rules of conformance/SPEC.md",
  items: { type: "string", pattern: "^ARC-[A-Z]+-[a-z0-9-]+$" },
  minItems: 1,
  uniqueItems: true,
};

const FAULT = {
  type: "object",
  description: "Why the input is refused. Only `reason` is for comparing; the rest helps to find the place.",
  required: ["reason"],
  additionalProperties: false,
  properties: {
    reason: {
      enum: [
        "truncated",
        "bad_version",
        "bad_padding",
        "bad_extension",
        "bad_length",
        "bad_context",
        "replay",
        "auth",
        "decrypt",
        "bad_json",
        "duplicate_key",
        "missing_field",
        "bad_type",
        "bad_value",
        "unknown_type",
        "too_large",
        "bad_key",
        "bad_state",
      ],
    },
    offset: {
      ...COUNT,
      description: "Byte, or for text the UTF-16 code unit, at which the input stopped making sense",
    },
    need: { ...COUNT, description: "Bytes that the input would have needed at least, where it is truncated" },
    path: { type: "string", pattern: "^\\$", description: "JSON path of the offending value" },
  },
};

const TEST = {
  type: "object",
  required: ["id", "comment", "result", "flags", "requirements", "input"],
  additionalProperties: false,
  properties: {
    id: { type: "string", pattern: "^[a-z0-9][A-Za-z0-9_.-]*$", description: "Stable, and unique in the file" },
    comment: { ...TEXT, description: "What only this case shows" },
    result: { enum: ["valid", "invalid", "acceptable"] },
    flags: { type: "array", items: TEXT, uniqueItems: true, description: "Keys of notes" },
    requirements: IDS,
    input: { ...OBJECT, description: "Fields of the request, over those of the group's `common`" },
    expected: { ...OBJECT, description: "The `ok` of the answer" },
    fault: FAULT,
    trace: { ...OBJECT, description: "Intermediate values; no part of the answer" },
  },
  if: { required: ["fault"] },
  else: { required: ["expected"] },
  not: { required: ["expected", "fault"] },
};

export const VECTORS_SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "ArcRTC test vectors",
  description: "Inputs and outputs of ArcRTC 1.0 for implementers in any language.",
  type: "object",
  required: ["schema", "area", "about", "spec_version", "generator", "notes", "groups", "count", "counts"],
  additionalProperties: false,
  properties: {
    schema: { const: "arcrtc.vectors/1" },
    area: { type: "string", pattern: "^[a-z_]+$" },
    about: TEXT,
    spec_version: { const: "1.0" },
    generator: { type: "string", pattern: "^conformance/vectors/[a-z_]+\\.ts$" },
    notes: {
      type: "object",
      additionalProperties: {
        type: "object",
        required: ["meaning", "requirements"],
        additionalProperties: false,
        properties: { meaning: TEXT, requirements: IDS },
      },
    },
    groups: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["op", "common", "tests"],
        additionalProperties: false,
        properties: {
          op: { type: "string", pattern: "^[a-z]+\\.[a-z_]+$", description: "Operation of the testee interface" },
          common: { ...OBJECT, description: "Fields of the request that all tests share" },
          tests: { type: "array", minItems: 1, items: TEST },
        },
      },
    },
    count: COUNT,
    counts: {
      type: "object",
      required: ["valid", "invalid", "acceptable"],
      additionalProperties: false,
      properties: { valid: COUNT, invalid: COUNT, acceptable: COUNT },
    },
  },
};

export function schemaText(): string {
  return `${JSON.stringify(VECTORS_SCHEMA, null, 2)}\n`;
}
