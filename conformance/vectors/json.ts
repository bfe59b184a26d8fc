/** What a message may look like as text, before its fields are judged: SPEC clause 5.1. */
import { EXAMPLES } from "../../lib/signaling/examples.ts";
import { type CaseFault, Group, type VectorFile, vectorFile } from "./case.ts";
import { duplicates, encodings, malformed } from "./json_malformed.ts";
import { BAD_JSON, HERE, MEMBERS, MESSAGE, place, SESSION, withMembers } from "./json_text.ts";

export function jsonVectors(): VectorFile {
  return vectorFile(
    "json",
    "Strict I-JSON, its limits, and the order in which a message is judged. Most cases are a HEARTBEAT with something odd in a field that nobody knows.",
    {
      "SameValue": {
        meaning: "Two spellings of one value: the value counts.",
        requirements: ["ARC-SIG-json-integer"],
      },
      "TwoFaults": {
        meaning: "More than one thing is wrong: the first step of clause 5.1 that fails decides the error code.",
        requirements: ["ARC-SIG-json-order"],
      },
    },
    [wellFormed(), numbers(), malformed(), encodings(), duplicates(), limits(), order()],
  );
}

function wellFormed(): Group {
  const group = new Group("signaling.parse");
  const good = (id: string, comment: string, requirements: string, json: string, message: object = MESSAGE) =>
    group.valid(id, comment, requirements, { json }, { message });
  good("plain", "The message as the other cases have it.", BAD_JSON, `{${MEMBERS}}`);
  good(
    "white-space",
    "Spaces, tabs and line breaks of all kinds between the parts.",
    BAD_JSON,
    `{ \t\r\n "type" : "HEARTBEAT" ,\n"session_id":"${SESSION}",\r"sequence"\t:7,"timestamp":\n9\n}`,
  );
  good("white-space-behind", "White space behind the closing brace.", "ARC-SIG-json-trailing", `{${MEMBERS}} \n\t\r`);
  good(
    "escaped-name",
    "A name with an escape is the same name.",
    BAD_JSON,
    `{"\\u0074ype":"HEARTBEAT","session\\u005fid":"${SESSION}","sequence":7,"timestamp":9}`,
  );
  good(
    "escaped-value",
    "A value with escapes is the same value.",
    BAD_JSON,
    `{${MEMBERS.replace("HEARTBEAT", "\\u0048EART\\u0042EAT")}}`,
  );
  good("escapes-all", "Each of the short escapes.", BAD_JSON, withMembers('"x":"\\"\\\\\\/\\b\\f\\n\\r\\t"'));
  good("escape-zero", "A zero character may be escaped into a text.", BAD_JSON, withMembers('"x":"\\u0000"'));
  good("delete-character", "U+007F is no control character of JSON.", BAD_JSON, withMembers('"x":"\u007f"'));
  good("empty-name", "An empty name is a name.", "ARC-SIG-json-unknown-field", withMembers('"":1'));
  good("words", "The three words of JSON.", "ARC-SIG-json-unknown-field", withMembers('"x":[true,false,null]'));
  good(
    "nested-unknown",
    "Unknown fields of any shape.",
    "ARC-SIG-json-unknown-field",
    withMembers('"x":{"y":[{},[],{"z":[1,[2]]}]}'),
  );
  good(
    "prototype-names",
    "Names that mean something in a programming language mean nothing here.",
    "ARC-SIG-json-unknown-field",
    withMembers('"__proto__":{"type":"CONNECT"},"constructor":1,"toString":null,"hasOwnProperty":0'),
  );
  good(
    "same-name-elsewhere",
    "The same name in different objects is no repetition.",
    "ARC-SIG-json-duplicate-key",
    withMembers('"x":{"a":1},"y":{"a":1},"z":[{"a":1},{"a":1}]'),
  );
  good(
    "name-other-case",
    "Names that differ in case are different names.",
    "ARC-SIG-json-field-case ARC-SIG-json-duplicate-key",
    withMembers('"Type":"CONNECT","TYPE":1'),
  );
  good(
    "name-like-another",
    "Names that look alike and have other code points are different names: nothing is normalised.",
    "ARC-SIG-json-duplicate-key",
    withMembers('"\\u00e9":1,"e\\u0301":2'),
  );
  good("pair-escaped", "A surrogate pair, escaped.", "ARC-SIG-json-utf8", withMembers('"x":"\\ud83d\\ude00"'));
  good(
    "pair-escaped-upper-case",
    "Hexadecimal digits of either case.",
    "ARC-SIG-json-utf8",
    withMembers('"x":"\\uD83D\\uDe00"'),
  );
  good(
    "raw-text",
    "Characters of two, three and four bytes.",
    "ARC-SIG-json-utf8",
    withMembers('"x":"\u00e9\u20ac\ud83d\ude00"'),
  );
  good("line-separator", "U+2028 within a text is a character.", "ARC-SIG-json-utf8", withMembers('"x":"\u2028"'));
  good("replacement-character", "U+FFFD that was sent is no fault.", "ARC-SIG-json-utf8", withMembers('"x":"\ufffd"'));
  return group;
}

function numbers(): Group {
  const group = new Group("signaling.parse");
  const INTEGER = "ARC-SIG-json-integer";
  const sequence = (literal: string) => `{${MEMBERS.replace('"sequence":7', `"sequence":${literal}`)}}`;
  const good = (id: string, comment: string, literal: string, value: number) =>
    group.valid(id, comment, INTEGER, { json: sequence(literal) }, { message: { ...MESSAGE, sequence: value } }, {
      flags: ["SameValue"],
    });
  good("integer-fraction-0", "1.0 is an integer.", "1.0", 1);
  good("integer-exponent", "1e3 is an integer.", "1e3", 1000);
  good("integer-exponent-signed", "So is 25E+1.", "25E+1", 250);
  good("integer-exponent-negative", "So is 1200e-2.", "1200e-2", 12);
  good("integer-fraction-exponent", "So is 1.5e1.", "1.5e1", 15);
  good("integer-minus-0", "-0 is 0.", "-0", 0);
  good("integer-max", "2^53 - 1 is the last.", "9007199254740991", Number.MAX_SAFE_INTEGER);
  good(
    "integer-max-exponent",
    "And may be spelled with an exponent.",
    "9007199254740991000e-3",
    Number.MAX_SAFE_INTEGER,
  );
  const refuse = (id: string, comment: string, literal: string, reason: string) =>
    group.invalid(id, comment, INTEGER, { json: sequence(literal) }, { fault: { reason, path: "$.sequence" } });
  refuse("integer-half", "A fraction.", "7.5", "bad_type");
  refuse("integer-small-exponent", "A fraction by its exponent.", "7e-1", "bad_type");
  refuse("integer-2-53", "2^53: beyond what every double tells apart.", "9007199254740992", "bad_value");
  refuse("integer-1e300", "Far beyond.", "1e300", "bad_value");
  refuse("integer-negative", "A negative number where none may be.", "-1", "bad_value");
  refuse("integer-text", "A number in quotes is a text.", '"7"', "bad_type");
  const unknown = (id: string, comment: string, literal: string) =>
    group.valid(id, comment, "ARC-SIG-json-unknown-field", { json: withMembers(`"x":${literal}`) }, {
      message: MESSAGE,
    });
  unknown("number-large", "A number near the end of the range, in an unknown field.", "1.7976931348623157e308");
  unknown("number-small", "A number that rounds to 0 is within the range.", "1e-400");
  unknown(
    "number-many-digits",
    "More digits than a double holds.",
    "3.14159265358979323846264338327950288419716939937510",
  );
  const range = (id: string, comment: string, marked: string, path: string) => {
    const { text, offset } = place(marked);
    group.invalid(id, comment, "ARC-SIG-json-order ARC-SIG-json-integer", { json: text }, {
      fault: { reason: "bad_value", offset, path },
    });
  };
  range(
    "number-1e400",
    "Beyond the range of a double: a field's fault with its path, also in a field that nobody knows.",
    withMembers(`"x":${HERE}1e400`),
    "$.x",
  );
  range("number-minus-1e309", "The same below.", withMembers(`"x":{"y":[0,${HERE}-1e309]}`), "$.x.y[1]");
  range("number-1e400-known", "In a field that the table knows.", sequence(`${HERE}1e400`), "$.sequence");
  range("number-digits", "400 digits.", withMembers(`"x":${HERE}${"9".repeat(400)}`), "$.x");
  return group;
}

function limits(): Group {
  const group = new Group("signaling.parse");
  const DEPTH = "ARC-SIG-json-depth";
  const SIZE = "ARC-SIG-json-size";
  // The root object is level 1.
  group.valid("depth-16", "Sixteen levels of lists within the object that counts as the first.", DEPTH, {
    json: withMembers(`"x":${"[".repeat(15)}${"]".repeat(15)}`),
  }, { message: MESSAGE });
  group.valid("depth-16-objects", "Sixteen levels of objects.", DEPTH, {
    json: withMembers(`"x":${'{"a":'.repeat(15)}1${"}".repeat(15)}`),
  }, { message: MESSAGE });
  group.valid("depth-16-twice", "Two such towers side by side: depth is not a sum.", DEPTH, {
    json: withMembers(`"x":${"[".repeat(15)}${"]".repeat(15)},"y":${"[".repeat(15)}${"]".repeat(15)}`),
  }, { message: MESSAGE });
  const deep = (id: string, comment: string, marked: string, path: string) => {
    const { text, offset } = place(marked);
    group.invalid(id, comment, DEPTH, { json: text }, { fault: { reason: "too_large", offset, path } });
  };
  deep(
    "depth-17",
    "A seventeenth level.",
    withMembers(`"x":${"[".repeat(15)}${HERE}[${"]".repeat(16)}`),
    `$.x${"[0]".repeat(15)}`,
  );
  deep(
    "depth-17-objects",
    "A seventeenth level of objects.",
    withMembers(`"x":${'{"a":'.repeat(15)}${HERE}{}${"}".repeat(15)}`),
    `$.x${".a".repeat(15)}`,
  );
  deep(
    "depth-1000",
    "A thousand levels, and the text ends there: nothing may overflow.",
    `{"x":${"[".repeat(15)}${HERE}${"[".repeat(985)}`,
    `$.x${"[0]".repeat(15)}`,
  );
  const filled = (bytes: number, inside: string) => {
    const empty = new TextEncoder().encode(withMembers(`"x":"${inside}"`)).length;
    return withMembers(`"x":"${inside}${"a".repeat(bytes - empty)}"`);
  };
  group.valid("size-65535", "65,535 bytes: the most that u16 framing carries.", SIZE, { json: filled(65535, "") }, {
    message: MESSAGE,
  });
  group.invalid("size-65536", "65,536 bytes in 65,534 characters: bytes count.", SIZE, {
    json: filled(65536, "\u20ac"),
  }, { fault: { reason: "too_large", offset: 65535 } });
  return group;
}

function order(): Group {
  const group = new Group("signaling.parse");
  const ORDER = "ARC-SIG-json-order";
  const bad = (
    id: string,
    comment: string,
    requirements: string,
    json: string,
    fault: CaseFault,
    flags: readonly string[] = ["TwoFaults"],
  ) => group.invalid(id, comment, requirements, { json }, { fault }, { flags });
  const first = (id: string, comment: string, marked: string, reason: string, path?: string) => {
    const { text, offset } = place(marked);
    bad(id, comment, ORDER, text, { reason, offset, ...(path === undefined ? {} : { path }) });
  };
  first("json-before-type", "Malformed, and of an unknown type.", `{"type":"NONSENSE"${HERE}`, "bad_json");
  first(
    "duplicate-before-type",
    "A repeated name, and an unknown type.",
    `{"type":"NONSENSE","x":1,${HERE}"x":2}`,
    "duplicate_key",
    "$.x",
  );
  first(
    "duplicate-before-depth",
    "A repeated name first in the text, then too deep.",
    withMembers(`"x":1,${HERE}"x":${"[".repeat(20)}`),
    "duplicate_key",
    "$.x",
  );
  first(
    "depth-before-duplicate",
    "Too deep first in the text, then a repeated name.",
    withMembers(`"x":${"[".repeat(15)}${HERE}[1${"]".repeat(16)},"x":1`),
    "too_large",
    `$.x${"[0]".repeat(15)}`,
  );
  first(
    "range-before-malformed",
    "A number beyond the range first in the text, then a missing brace.",
    `{${MEMBERS},"x":${HERE}1e999,"y"`,
    "bad_value",
    "$.x",
  );
  first(
    "malformed-before-range",
    "A missing comma first in the text, then a number beyond the range.",
    `{${MEMBERS},"x":1 ${HERE}"y":1e999}`,
    "bad_json",
  );
  first(
    "range-before-type",
    "A number beyond the range, and an unknown type: the number is met while parsing.",
    `{"type":"NONSENSE","x":${HERE}1e999}`,
    "bad_value",
    "$.x",
  );

  const OBJECT = "ARC-SIG-json-object";
  const one = (id: string, comment: string, requirements: string, json: string, fault: CaseFault) =>
    bad(id, comment, requirements, json, fault, []);
  for (
    const [id, what, json] of [
      ["list", "a list", "[]"],
      ["text", "a text", '"HEARTBEAT"'],
      ["number", "a number", "7"],
      ["true", "the word true", "true"],
      ["null", "the word null", "null"],
    ]
  ) one(`root-${id}`, `The root is ${what}, not an object.`, OBJECT, json, { reason: "bad_type", path: "$" });
  one("root-list-of-message", "A message within a list.", OBJECT, `[{${MEMBERS}}]`, { reason: "bad_type", path: "$" });
  one("type-missing", "An object without type.", OBJECT, "{}", { reason: "missing_field", path: "$.type" });
  one("type-number", "A type that is a number.", OBJECT, '{"type":7}', { reason: "bad_type", path: "$.type" });
  one("type-null", "A type that is null.", `${OBJECT} ARC-SIG-json-null`, '{"type":null}', {
    reason: "bad_type",
    path: "$.type",
  });
  one("type-list", "A type that is a list of one.", OBJECT, '{"type":["HEARTBEAT"]}', {
    reason: "bad_type",
    path: "$.type",
  });
  const UNKNOWN = "ARC-SIG-json-unknown-type";
  const type = (id: string, comment: string, name: string, requirements = UNKNOWN) =>
    one(`type-${id}`, comment, requirements, `{"type":${JSON.stringify(name)}}`, {
      reason: "unknown_type",
      path: "$.type",
    });
  type("unknown", "A type that nobody knows.", "FROBNICATE");
  type("empty", "An empty type.", "");
  type("space", "A space behind the type.", "HEARTBEAT ");
  type("mixed-case", "A type in another case.", "Heartbeat", `${UNKNOWN} ARC-SIG-json-field-case`);
  type("prototype", "A name that every object of some languages has.", "constructor");
  type("other-dialect", "A type of the other dialect.", "STREAM_NEGOTIATE", `${UNKNOWN} ARC-DIALECT-no-mixing`);
  type(
    "status",
    "What relays tell servers is no message between peers.",
    "RELAY_STATUS",
    `${UNKNOWN} ARC-TRANSPORT-nats-status`,
  );
  bad(
    "type-before-fields",
    "An unknown type, and fields that would be wrong for any.",
    `${ORDER} ${UNKNOWN}`,
    '{"type":"FROBNICATE","session_id":5,"version":"9.9"}',
    { reason: "unknown_type", path: "$.type" },
  );

  const connect = EXAMPLES.CONNECT.minimal;
  const CONNECT = (changes: object) => JSON.stringify({ ...connect, ...changes });
  bad(
    "version-before-session",
    "Version and session_id are missing: the version comes first.",
    ORDER,
    '{"type":"CONNECT"}',
    { reason: "missing_field", path: "$.version" },
  );
  bad(
    "version-form-before-fields",
    "A malformed version, and no other field.",
    ORDER,
    '{"type":"CONNECT","version":"one"}',
    { reason: "bad_value", path: "$.version" },
  );
  bad(
    "version-major-before-fields",
    "Another major version: what else is in the message is not ours to judge.",
    `${ORDER} ARC-SIG-json-version`,
    '{"type":"CONNECT","version":"2.0","session_id":7}',
    { reason: "bad_version", path: "$.version" },
  );
  bad(
    "fields-in-table-order",
    "Two fields are wrong: the one that comes first in the table counts, not in the text.",
    ORDER,
    CONNECT({ timestamp: undefined, peer_id: 5, session_id: 6 }),
    { reason: "bad_type", path: "$.session_id" },
  );
  bad(
    "nested-before-later",
    "A nested field of an earlier field comes before a later field.",
    ORDER,
    CONNECT({ timestamp: "now", capabilities: { ...connect.capabilities, transport: [] } }),
    { reason: "bad_value", path: "$.capabilities.transport" },
  );
  bad(
    "missing-before-wrong",
    "A missing field that comes first counts before a wrong one.",
    ORDER,
    JSON.stringify({ ...MESSAGE, sequence: undefined, timestamp: "x" }),
    { reason: "missing_field", path: "$.sequence" },
  );
  bad(
    "wrong-before-missing",
    "And the other way around.",
    ORDER,
    JSON.stringify({ ...MESSAGE, session_id: 5, sequence: undefined }),
    { reason: "bad_type", path: "$.session_id" },
  );
  bad(
    "first-item-before-second",
    "Two entries of a list are wrong: the first counts.",
    ORDER,
    CONNECT({ capabilities: { ...connect.capabilities, codecs: ["opus", "UPPER", 7] } }),
    { reason: "bad_value", path: "$.capabilities.codecs[1]" },
  );
  return group;
}
