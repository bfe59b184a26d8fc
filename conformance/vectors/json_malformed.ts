/** Texts that are no JSON, bytes that are no UTF-8, and names that occur twice. Part of the area `json`. */
import { Group } from "./case.ts";
import { BAD_JSON, HERE, MEMBERS, MESSAGE, place, withMembers } from "./json_text.ts";
import { hexOf } from "./wire.ts";

export function malformed(): Group {
  const group = new Group("signaling.parse");
  const bad = (id: string, comment: string, marked: string, requirements = BAD_JSON) => {
    const { text, offset } = place(marked);
    group.invalid(id, comment, requirements, { json: text }, { fault: { reason: "bad_json", offset } });
  };
  const member = (id: string, comment: string, marked: string) => bad(id, comment, withMembers(`"x":${marked}`));
  bad("empty", "No text at all.", HERE);
  bad("only-space", "White space and nothing else.", ` \n${HERE}`);
  bad("open-brace", "The text ends behind the brace.", `{${HERE}`);
  bad("cut-in-name", "The text ends within a name.", `{"ty${HERE}`);
  bad("cut-before-colon", "The text ends behind a name.", `{"type"${HERE}`);
  bad("cut-before-value", "The text ends behind a colon.", `{"type":${HERE}`);
  bad("cut-before-brace", "The closing brace is missing.", `{${MEMBERS}${HERE}`);
  bad("comma-behind-last-member", "A comma before the closing brace.", `{${MEMBERS},${HERE}}`);
  member("comma-behind-last-item", "A comma before the closing bracket.", `[1,${HERE}]`);
  member("comma-first", "A comma before the first item.", `[${HERE},1]`);
  bad("comma-missing", "Two members without a comma.", `{"type":"HEARTBEAT" ${HERE}"sequence":7}`);
  bad("colon-missing", "A name without a colon.", `{"type" ${HERE}"HEARTBEAT"}`);
  bad("name-unquoted", "A name without quotes.", `{${HERE}type:"HEARTBEAT"}`);
  bad("name-single-quotes", "Single quotes.", `{${HERE}'type':'HEARTBEAT'}`);
  bad("name-number", "A number as a name.", `{${HERE}1:2}`);
  member("comment-line", "A comment.", `1 ${HERE}// one\n`);
  member("comment-block", "A comment before a value.", `${HERE}/**/1`);
  member("not-a-number", "NaN is no number.", `${HERE}NaN`);
  member("infinity", "Infinity is no number.", `${HERE}Infinity`);
  member("minus-infinity", "Nor is its negation.", `${HERE}-Infinity`);
  member("hexadecimal", "A hexadecimal number.", `0${HERE}x10`);
  member("plus", "A plus in front.", `${HERE}+1`);
  member("leading-zero", "A leading zero.", `0${HERE}1`);
  member("trailing-point", "A point without a fraction.", `1${HERE}.`);
  member("leading-point", "A fraction without a number before it.", `${HERE}.5`);
  member("exponent-empty", "An exponent without digits.", `1${HERE}e`);
  member("exponent-sign-only", "An exponent of a sign alone.", `1${HERE}e+`);
  member("minus-only", "A minus alone.", `${HERE}-`);
  member("minus-twice", "Two of them.", `${HERE}--1`);
  member("word-cut", "A word that ends too early.", `${HERE}tru`);
  member("word-upper-case", "A word in upper case.", `${HERE}True`);
  member("word-undefined", "A word that JSON does not have.", `${HERE}undefined`);
  member("word-longer", "A word with more behind it.", `null${HERE}s`);
  member("raw-line-break", "A line break within a text.", `"a${HERE}\nb"`);
  member("raw-tab", "A tab within a text.", `"a${HERE}\tb"`);
  member("raw-zero", "A zero character within a text.", `"a${HERE}\0b"`);
  member("raw-us", "U+001F within a text.", `"${HERE}\u001f"`);
  member("escape-unknown", "An escape that JSON does not have.", `"${HERE}\\x41"`);
  member("escape-quote", "An escaped single quote.", `"${HERE}\\'"`);
  member("escape-upper-case", "U in upper case.", `"${HERE}\\U0041"`);
  member("escape-short", "Three digits.", `"${HERE}\\u041"`);
  member("escape-not-hex", "A letter that is no digit.", `"${HERE}\\u00G1"`);
  bad("text-open", "A text that does not end.", `{${MEMBERS},"x":"abc}${HERE}`);
  member("bracket-mismatch", "A list that is closed as an object.", `[1${HERE}}`);
  bad("brace-mismatch", "An object that is closed as a list.", `{"type":"HEARTBEAT"${HERE}]`);
  bad("form-feed", "A form feed is no white space of JSON.", `{${HERE}\f"type":"HEARTBEAT"}`);
  bad("no-break-space", "Nor is a no-break space.", `{${HERE}\u00a0"type":"HEARTBEAT"}`);
  bad("line-separator-between", "Nor is U+2028.", `{${HERE}\u2028"type":"HEARTBEAT"}`);
  const TRAILING = "ARC-SIG-json-trailing";
  bad("trailing-object", "Two messages in one unit.", `{${MEMBERS}}${HERE}{${MEMBERS}}`, TRAILING);
  bad("trailing-comma", "A comma behind the closing brace.", `{${MEMBERS}}${HERE},`, TRAILING);
  bad("trailing-brace", "A second closing brace.", `{${MEMBERS}}${HERE}}`, TRAILING);
  bad("trailing-word", "A word behind a line break.", `{${MEMBERS}}\n${HERE}end`, TRAILING);
  bad(
    "trailing-zero",
    "A zero byte: sealed units have one there, plain ones do not.",
    `{${MEMBERS}}${HERE}\0`,
    TRAILING,
  );
  group.invalid(
    "leading-space",
    "A space in front: the unit would not even be taken for JSON.",
    "ARC-UNIT-json-first-byte",
    { json: ` {${MEMBERS}}` },
    {
      fault: { reason: "bad_json", offset: 0 },
    },
  );
  bad(
    "byte-order-mark",
    "A byte order mark in front.",
    `${HERE}\ufeff{${MEMBERS}}`,
    "ARC-UNIT-json-first-byte ARC-SIG-json-utf8",
  );
  return group;
}

export function encodings(): Group {
  const group = new Group("signaling.parse");
  const UTF8 = "ARC-SIG-json-utf8";
  const bytes = (id: string, comment: string, inside: string) =>
    group.invalid(id, comment, UTF8, { hex: hexOf(`{${MEMBERS},"x":"`) + inside + hexOf('"}') }, {
      fault: { reason: "bad_json", offset: 0 },
    });
  group.valid("bytes", "The message as bytes.", UTF8, { hex: hexOf(`{${MEMBERS}}`) }, { message: MESSAGE });
  group.valid("bytes-four", "A character of four bytes.", UTF8, {
    hex: hexOf(`{${MEMBERS},"x":"`) + "f09f9880" + hexOf('"}'),
  }, { message: MESSAGE });
  group.valid("bytes-last-character", "U+10FFFD, the last character that a text may hold.", UTF8, {
    hex: hexOf(`{${MEMBERS},"x":"`) + "f48fbfbd" + hexOf('"}'),
  }, { message: MESSAGE });
  bytes("utf8-continuation-alone", "A continuation byte without a first one.", "80");
  bytes("utf8-latin-1", "A letter in Latin-1.", "e9");
  bytes("utf8-cut-2", "One byte of two.", "c3");
  bytes("utf8-cut-3", "Two bytes of three.", "e282");
  bytes("utf8-cut-4", "Three bytes of four.", "f09f98");
  bytes("utf8-overlong-2", "A slash in two bytes.", "c0af");
  bytes("utf8-overlong-quote", "A quote in two bytes, which would end the text.", "c0a2");
  bytes("utf8-overlong-3", "A slash in three bytes.", "e080af");
  bytes("utf8-overlong-4", "A euro sign in four bytes.", "f08282ac");
  bytes("utf8-overlong-zero", "A zero character in two bytes, as Java writes it.", "c080");
  bytes("utf8-surrogate", "A surrogate as three bytes.", "eda080");
  bytes("utf8-surrogate-pair", "A pair of them, as CESU-8 writes it.", "eda0bdedb880");
  bytes("utf8-above-10ffff", "U+110000.", "f4908080");
  bytes("utf8-f5", "A byte that no character begins with.", "f5808080");
  bytes("utf8-ff", "A byte that UTF-8 does not have.", "ff");
  group.invalid(
    "utf8-bad-name",
    "A bad byte in a name.",
    UTF8,
    { hex: hexOf(`{${MEMBERS},"`) + "fe" + hexOf('":1}') },
    { fault: { reason: "bad_json", offset: 0 } },
  );
  group.invalid("utf16", "The message in UTF-16.", UTF8, {
    hex: [...`{${MEMBERS}}`].map((c) => hexOf(c) + "00").join(""),
  }, { fault: { reason: "bad_json", offset: 1 } });
  const bad = (id: string, comment: string, marked: string) => {
    const { text, offset } = place(marked);
    group.invalid(id, comment, UTF8, { json: text }, { fault: { reason: "bad_json", offset } });
  };
  bad("surrogate-high", "A high surrogate without its low one.", withMembers(`"x":${HERE}"\\ud83d"`));
  bad("surrogate-low", "A low surrogate without its high one.", withMembers(`"x":${HERE}"\\ude00"`));
  bad("surrogate-reversed", "A pair in the wrong order.", withMembers(`"x":${HERE}"\\ude00\\ud83d"`));
  bad(
    "surrogate-high-then-letter",
    "A letter where the low surrogate should be.",
    withMembers(`"x":${HERE}"\\ud83da"`),
  );
  bad("surrogate-high-twice", "Two high ones, and a low one.", withMembers(`"x":${HERE}"\\ud83d\\ud83d\\ude00"`));
  bad("surrogate-in-name", "A low surrogate alone in a name.", withMembers(`${HERE}"\\udc00":1`));
  bad("noncharacter-ffff", "U+FFFF, escaped.", withMembers(`"x":${HERE}"\\uffff"`));
  bad("noncharacter-fffe", "U+FFFE, escaped.", withMembers(`"x":${HERE}"\\ufffe"`));
  bad("noncharacter-fdd0", "U+FDD0, the first of its block.", withMembers(`"x":${HERE}"\\ufdd0"`));
  bad("noncharacter-fdef", "U+FDEF, the last.", withMembers(`"x":${HERE}"\\ufdef"`));
  bad("noncharacter-1fffe", "U+1FFFE, as an escaped pair.", withMembers(`"x":${HERE}"\\ud83f\\udffe"`));
  bad("noncharacter-raw", "U+FFFF as it is.", withMembers(`"x":${HERE}"\uffff"`));
  bad("noncharacter-in-name", "A noncharacter in a name.", withMembers(`${HERE}"\\ufdd0":1`));
  return group;
}

export function duplicates(): Group {
  const group = new Group("signaling.parse");
  const bad = (id: string, comment: string, marked: string, path: string) => {
    const { text, offset } = place(marked);
    group.invalid(id, comment, "ARC-SIG-json-duplicate-key", { json: text }, {
      fault: { reason: "duplicate_key", offset, path },
    });
  };
  bad(
    "duplicate-type",
    "The type twice: two receivers could read two messages.",
    `{"type":"HEARTBEAT",${HERE}"type":"CONNECT"}`,
    "$.type",
  );
  bad("duplicate-same-value", "The same value twice.", `{${MEMBERS},${HERE}"sequence":7}`, "$.sequence");
  bad("duplicate-unknown", "An unknown field twice.", withMembers(`"x":1,"y":2,${HERE}"x":3`), "$.x");
  bad(
    "duplicate-nested",
    "In an unknown object, two levels down.",
    withMembers(`"x":{"y":{"z":1,${HERE}"z":2}}`),
    "$.x.y.z",
  );
  bad("duplicate-in-list", "In an object of a list.", withMembers(`"x":[{"a":1},{"a":1,${HERE}"a":2}]`), "$.x[1].a");
  bad(
    "duplicate-escaped",
    "Once plain and once escaped: the same name.",
    `{"type":"HEARTBEAT",${HERE}"t\\u0079pe":"CONNECT"}`,
    "$.type",
  );
  bad("duplicate-empty", "The empty name twice.", withMembers(`"":1,${HERE}"":2`), '$[""]');
  bad(
    "duplicate-prototype",
    "A name that some languages treat as special.",
    withMembers(`"__proto__":1,${HERE}"__proto__":2`),
    "$.__proto__",
  );
  bad(
    "duplicate-after-nested",
    "The second stands behind a nested object that has the name too.",
    withMembers(`"x":{"y":1},"y":{"x":1},${HERE}"x":2`),
    "$.x",
  );
  return group;
}
