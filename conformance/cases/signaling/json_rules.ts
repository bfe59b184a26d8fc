/** SPEC clause 5.1: what a message is, and in which order it is judged. */
import { toHex, utf8 } from "../../../lib/base/bytes.ts";
import { below } from "../../../lib/base/rng.ts";
import { EXAMPLES } from "../../../lib/signaling/examples.ts";
import type { Case, Check, Expectation } from "../../case.ts";
import { answers, answersWith } from "../../expect.ts";
import { vectorCase } from "../../vector_case.ts";
import { type ParseCode, refusedAs } from "./codes.ts";
import { caller, sent, T } from "./script.ts";

const OP = "signaling.parse";

/** The members of a message that every receiver takes. */
const HEARTBEAT = `"type":"HEARTBEAT","session_id":"550e8400-e29b-41d4-a716-446655440000","sequence":7,"timestamp":9`;
const PARSED = { type: "HEARTBEAT", session_id: "550e8400-e29b-41d4-a716-446655440000", sequence: 7, timestamp: 9 };

const MAX_BYTES = 65_535;
const MAX_DEPTH = 16;

export const CASES: readonly Case[] = [
  vectorCase("signaling/json-order", "ARC-SIG-json-order", OP, "The first fault in the order of the clause counts", {
    reasons: true,
  }),
  {
    id: "signaling/json-order-pairs",
    requirements: ["ARC-SIG-json-order"],
    title: "Of any two faults of different steps the earlier step's is told",
    needs: "ops",
    checks: () =>
      FAULTS.flatMap((early, i) =>
        FAULTS.slice(i + 1).map((late) => ({
          name: `${early.name} and ${late.name}`,
          request: { op: OP, json: textOf([early, late]) },
          ...refusedAs(early.code),
        }))
      ),
  },
  vectorCase("signaling/json-object", "ARC-SIG-json-object", OP, "A message is one object with a text as its type"),
  {
    id: "signaling/json-truncated",
    requirements: ["ARC-SIG-json-object"],
    title: "No message that ends early is taken, wherever it ends",
    needs: "ops",
    checks: () => {
      const text = `{${HEARTBEAT}}`;
      return Array.from({ length: text.length }, (_, end) => parsed(text.slice(0, end), refusedAs("bad_json")));
    },
  },
  vectorCase("signaling/json-size", "ARC-SIG-json-size", OP, "65535 bytes are taken, 65536 are not"),
  {
    id: "signaling/json-size-bytes",
    requirements: ["ARC-SIG-json-size"],
    title: "Bytes are counted and not characters, and nothing of a message that is too long is judged",
    needs: "ops",
    checks: () => [
      { name: "two bytes a character, 65535 bytes", ...sized("é", 2, MAX_BYTES, "}"), ...answers({ message: PARSED }) },
      { name: "two bytes a character, 65536 bytes", ...sized("é", 2, MAX_BYTES + 1, "}"), ...refusedAs("too_large") },
      { name: "too long, and no JSON", ...sized("x", 1, MAX_BYTES + 1, "]"), ...refusedAs("too_large") },
    ],
  },
  vectorCase("signaling/json-utf8", "ARC-SIG-json-utf8", OP, "Malformed UTF-8 and text that is no I-JSON is refused"),
  {
    id: "signaling/json-utf8-random",
    requirements: ["ARC-SIG-json-utf8"],
    title: "A byte that cannot stand there, at any place of a text of several scripts, is refused",
    needs: "ops",
    checks: ({ rng }) =>
      Array.from({ length: 40 }, (_, i) => {
        const text = utf8("aé€😀".repeat(3));
        const at = below(rng, text.length);
        // 0xF8 to 0xFF begin nothing and continue nothing.
        text[at] = 0xf8 + below(rng, 8);
        return {
          name: `byte ${at}, try ${i + 1}`,
          request: { op: OP, hex: `${toHex(utf8(`{${HEARTBEAT},"x":"`))}${toHex(text)}${toHex(utf8('"}'))}` },
          ...refusedAs("bad_json"),
        };
      }),
  },
  vectorCase("signaling/json-duplicate-key", "ARC-SIG-json-duplicate-key", OP, "No key stands twice in an object"),
  {
    id: "signaling/json-duplicate-key-anywhere",
    requirements: ["ARC-SIG-json-duplicate-key"],
    title: "A key that stands twice is found at every depth, in unknown fields, and however it is spelled",
    needs: "ops",
    checks: () =>
      ['"x":{"a":1,"a":1}', '"x":[[{"a":1,"b":2,"a":3}]]', '"x":{"a":{"a":1},"\\u0061":2}', '"sequence":7'].map((
        more,
      ) => parsed(`{${HEARTBEAT},${more}}`, refusedAs("bad_json"))),
  },
  vectorCase("signaling/json-depth", "ARC-SIG-json-depth", OP, "16 levels are taken, more are not", { reasons: true }),
  {
    id: "signaling/json-depth-all",
    requirements: ["ARC-SIG-json-depth"],
    title: "Each depth from 2 to 24 is judged rightly, of lists and of objects",
    needs: "ops",
    checks: () =>
      Array.from({ length: 23 }, (_, i) => i + 2).flatMap((depth) =>
        [["[", "]"], ['{"x":', "}"]].map(([open, close]) => {
          const inner = open === "[" ? "" : "1";
          // The member itself is what the root's level holds; a number inside of objects adds none.
          const value = open.repeat(depth - 1) + inner + close.repeat(depth - 1);
          return {
            name: `${depth} levels of ${open}`,
            request: { op: OP, json: `{${HEARTBEAT},"x":${value}}` },
            ...(depth <= MAX_DEPTH ? answers({ message: PARSED }) : refusedAs("too_large")),
          };
        })
      ),
  },
  vectorCase("signaling/json-trailing", "ARC-SIG-json-trailing", OP, "Only white space may follow the closing brace"),
  vectorCase("signaling/json-integer", "ARC-SIG-json-integer", OP, "An integer is one by its value"),
  {
    id: "signaling/json-integer-spellings",
    requirements: ["ARC-SIG-json-integer"],
    title: "Every spelling of 1000 is the integer 1000; a fraction and what is beyond 2^53 - 1 is none",
    needs: "ops",
    checks: () => [
      ...["1000", "1000.0", "1e3", "1E+3", "10.00e2", "1000000e-3"].map((number) =>
        parsed(numbered(number), answers({ message: { ...PARSED, sequence: 1000 } }))
      ),
      ...["1000.5", "1e-1", "9007199254740992", "1e17", "-1", "1e400"].map((number) =>
        parsed(numbered(number), refusedAs("bad_message"))
      ),
    ],
  },
  vectorCase("signaling/json-unknown-field", "ARC-SIG-json-unknown-field", OP, "Unknown fields are ignored anywhere"),
  {
    id: "signaling/json-unknown-field-everywhere",
    requirements: ["ARC-SIG-json-unknown-field"],
    title: "Each message is the same with an unknown field, in front or behind",
    needs: "ops",
    checks: () =>
      Object.values(EXAMPLES).flatMap(({ full }) =>
        [{ ...full, x_new: { deep: [1, null] } }, { x_new: null, ...full }].map((message, i) => ({
          name: `${full.type}, ${i === 0 ? "behind" : "in front"}`,
          request: { op: OP, json: JSON.stringify(message) },
          ...answers({ message: full }),
        }))
      ),
  },
  vectorCase("signaling/json-null", "ARC-SIG-json-null", OP, "null is of the wrong type for an optional field too"),
  {
    id: "signaling/json-null-everywhere",
    requirements: ["ARC-SIG-json-null", "ARC-SIG-message-tables"],
    title: "Each field of each message is refused as null",
    needs: "ops",
    checks: () =>
      Object.values(EXAMPLES).flatMap(({ full }) =>
        Object.keys(full).map((name) => ({
          name: `${full.type} ${name}`,
          request: { op: OP, json: JSON.stringify({ ...full, [name]: null }) },
          ...refusedAs("bad_message"),
        }))
      ),
  },
  vectorCase("signaling/json-field-case", "ARC-SIG-json-field-case", OP, "Names and values are compared exactly"),
  {
    id: "signaling/json-field-case-everywhere",
    requirements: ["ARC-SIG-json-field-case"],
    title: "No type in lower case is known, and a required field with a capital is a missing one",
    needs: "ops",
    checks: () =>
      Object.values(EXAMPLES).flatMap(({ minimal }) => {
        const { timestamp: _time, ...rest } = { timestamp: 1, ...minimal };
        const lower = { ...minimal, type: minimal.type.toLowerCase() };
        const checks: Check[] = [parsed(JSON.stringify(lower), refusedAs("unknown_type"))];
        if ("timestamp" in minimal) {
          checks.push(parsed(JSON.stringify({ ...rest, Timestamp: 1 }), refusedAs("bad_message")));
        }
        return checks;
      }),
  },
  vectorCase("signaling/json-unknown-type", "ARC-SIG-json-unknown-type", OP, "An unknown type is told as such", {
    reasons: true,
  }),
  vectorCase("signaling/json-unknown-enum", "ARC-SIG-json-unknown-enum", OP, "An unknown value of an enumerated field"),
  vectorCase(
    "signaling/json-unknown-capability",
    "ARC-SIG-json-unknown-capability",
    OP,
    "Unknown capabilities are no reason to refuse",
  ),
  vectorCase("signaling/json-missing-field", "ARC-SIG-json-missing-field", OP, "Each required field is required", {
    reasons: true,
  }),
  {
    id: "signaling/json-missing-field-path",
    requirements: ["ARC-SIG-json-missing-field"],
    title: "The path of the missing field is told",
    needs: "ops",
    checks: () =>
      Object.values(EXAMPLES).flatMap(({ minimal }) =>
        Object.keys(minimal).filter((name) => name !== "type").map((name) => {
          const { [name]: _gone, ...rest } = minimal as Record<string, unknown>;
          return {
            name: `${minimal.type} ${name}`,
            request: { op: OP, json: JSON.stringify(rest) },
            ...at(`$.${name}`),
          };
        })
      ),
  },
  vectorCase("signaling/json-uuid", "ARC-SIG-json-uuid", OP, "A UUID has one spelling"),
  {
    id: "signaling/json-uuid-spellings",
    requirements: ["ARC-SIG-json-uuid"],
    title: "Capitals, braces, a prefix, no hyphens and a wrong length are refused; every version and variant is taken",
    needs: "ops",
    checks: () => {
      const uuid = PARSED.session_id;
      const bad = [
        uuid.toUpperCase(),
        `{${uuid}}`,
        `urn:uuid:${uuid}`,
        uuid.replaceAll("-", ""),
        uuid.slice(1),
        `${uuid}0`,
      ];
      const misplaced = `${uuid.slice(0, 7)}-0${uuid.slice(9)}`;
      return [
        ...[...bad, misplaced, ` ${uuid}`].map((text) => parsed(withSession(text), refusedAs("bad_message"))),
        ...["0", "1", "6", "7", "f"].map((version) => {
          const other = `${uuid.slice(0, 14)}${version}${uuid.slice(15)}`;
          return parsed(withSession(other), answers({ message: { ...PARSED, session_id: other } }));
        }),
      ];
    },
  },
  vectorCase("signaling/json-time", "ARC-SIG-json-time", OP, "Times are integers of milliseconds"),
  {
    id: "signaling/json-time-milliseconds",
    requirements: ["ARC-SIG-json-time"],
    title: "The timestamp of each message is read as it is written, to the millisecond, and sent so",
    needs: "ops",
    checks: () => [
      ...Object.values(EXAMPLES).filter(({ minimal }) => "timestamp" in minimal).map(({ minimal }) => {
        const message = { ...minimal, timestamp: T + 123 };
        return { ...parsed(JSON.stringify(message), answers({ message })), name: minimal.type };
      }),
      caller("a CONNECT at 0", {}, [], sent("CONNECT", { timestamp: T })),
    ],
  },
  vectorCase("signaling/json-version", "ARC-SIG-json-version", OP, "Another major version is unsupported", {
    reasons: true,
  }),
  {
    id: "signaling/json-version-all",
    requirements: ["ARC-SIG-json-version"],
    title: "Of versions 0 to 3 with minor 0 to 12 those of 1 are taken; what is no version is bad_message",
    needs: "ops",
    checks: () => {
      const { minimal } = EXAMPLES.CONNECT;
      const json = (version: string) => JSON.stringify({ ...minimal, version });
      const bad = ["1", "1.", ".0", "1.0.0", "v1.0", "1,0", "", "1.x", " 1.0"];
      return [
        ...bad.map((version) => ({ ...parsed(json(version), refusedAs("bad_message")), name: `'${version}'` })),
        ...[0, 1, 2, 3].flatMap((major) =>
          [0, 1, 2, 12].map((minor) => ({
            name: `${major}.${minor}`,
            request: { op: OP, json: json(`${major}.${minor}`) },
            ...(major === 1 ? answersWith("a message", () => undefined) : refusedAs("unsupported_version")),
          }))
        ),
      ];
    },
  },
];

/** A fault of one step of the clause, and what it does to the text of a CONNECT. */
interface StepFault {
  readonly name: string;
  readonly code: ParseCode;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly text?: (json: string) => string;
}

const FAULTS: readonly StepFault[] = [
  { name: "too long", code: "too_large", fields: { x_pad: "a".repeat(MAX_BYTES) } },
  { name: "a comma too much", code: "bad_json", text: (json) => json.replace("{", "{,") },
  { name: "no type", code: "bad_message", fields: { type: 7 } },
  { name: "an unknown type", code: "unknown_type", fields: { type: "CONNECTION" } },
  { name: "another version", code: "unsupported_version", fields: { version: "2.0" } },
  { name: "a bad field", code: "bad_message", fields: { peer_id: "nobody" } },
];

/** A CONNECT with two faults; of two types the earlier one stands. */
function textOf([early, late]: readonly [StepFault, StepFault]): string {
  const json = JSON.stringify({ ...EXAMPLES.CONNECT.minimal, ...late.fields, ...early.fields });
  return (early.text ?? late.text ?? ((same: string) => same))(json);
}

function parsed(json: string, due: Expectation): Check {
  return {
    name: json.length > 160 ? `${json.slice(0, 60)}... of ${json.length}` : json,
    request: { op: OP, json },
    ...due,
  };
}

/** A heartbeat filled with an unknown field to so many bytes, `close` in place of the brace at its end. */
function sized(character: string, characterBytes: number, bytes: number, close: string) {
  const head = `{${HEARTBEAT},"x":"`;
  const room = bytes - head.length - 2;
  const fill = character.repeat(Math.floor(room / characterBytes)) + "a".repeat(room % characterBytes);
  return { request: { op: OP, json: `${head}${fill}"${close}` } };
}

function numbered(number: string): string {
  return `{${HEARTBEAT.replace('"sequence":7', `"sequence":${number}`)}}`;
}

function withSession(text: string): string {
  return JSON.stringify({ ...PARSED, session_id: text });
}

/** A fault that names this path. */
function at(path: string): Expectation {
  const fault = refusedAs("bad_message");
  return {
    expected: `${fault.expected}, with the path ${path}`,
    judge: (answer) => {
      const problem = fault.judge(answer);
      if (problem !== undefined || answer.kind !== "fault") return problem;
      return answer.fault.path === path ? undefined : `the path is ${JSON.stringify(answer.fault.path)}`;
    },
  };
}
