/**
 * Takes out of JSON text what is nobody's business, in place and byte for byte of the same length: ids and addresses get
 * pseudonyms, keys and tokens too, free text becomes `x`. Words of the protocol, numbers of its fields, names of fields and
 * the structure stay. Text that is no JSON is treated alike as far as it goes.
 */
import { utf8 } from "../../base/bytes.ts";
import { latin1 } from "../stream/http_head.ts";
import { isKeptWord, isKnownField } from "./kept_words.ts";
import { isAddress, type Pseudonyms } from "./pseudonyms.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const X = 0x78;
const ONE = 0x31;

const UUID = /[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}/g;
/** So long a run without a space is a key, a proof, a token or a certificate. */
const SECRET = /^[A-Za-z0-9+/_.=-]{16,}$/;
const PLAIN = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/;
const LITERALS = /^(?:true|false|null)/;
const LITERAL_BYTES = 5;

/** Changes `bytes[start..end)`. */
export function redactJson(bytes: Uint8Array, start: number, end: number, pseudonyms: Pseudonyms): void {
  let field = "";
  for (let at = start; at < end;) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const close = endOfString(bytes, at + 1, end);
      if (isName(bytes, close + 1, end)) field = latin1(bytes, at + 1, close);
      else redactString(bytes, at + 1, close, pseudonyms);
      at = close + 1;
    } else if (isDigit(byte)) at = redactNumber(bytes, at, end, isKnownField(field));
    else if (isWordCharacter(byte)) at = redactWord(bytes, at, end);
    else at++;
  }
}

/** Where the string that begins at `at` has its closing quote; `end` where it has none. */
function endOfString(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at; i < end; i++) {
    if (bytes[i] === BACKSLASH) i++;
    else if (bytes[i] === QUOTE) return i;
  }
  return end;
}

/** True when a colon follows: what stands before it is the name of a member. */
function isName(bytes: Uint8Array, at: number, end: number): boolean {
  let next = at;
  while (next < end && (bytes[next] === 0x20 || (bytes[next] >= 9 && bytes[next] <= 13))) next++;
  return next < end && bytes[next] === COLON;
}

function redactString(bytes: Uint8Array, start: number, end: number, pseudonyms: Pseudonyms): void {
  const text = latin1(bytes, start, end);
  // Escapes and characters of several bytes: as many x as there are bytes.
  if (!PLAIN.test(text)) return void bytes.fill(X, start, end);
  bytes.set(utf8(redactText(text, pseudonyms)), start);
}

/** The text that stands for one without escapes; of its length. */
export function redactText(text: string, pseudonyms: Pseudonyms): string {
  if (isKeptWord(text)) return text;
  if (isAddress(text)) return pseudonyms.address(text);
  const ids = text.match(UUID) ?? [];
  if (ids.length === 0) return SECRET.test(text) ? pseudonyms.secret(text) : masked(text);
  // Topics and subjects: arcrtc:<session_id>, arcrtc.session.<session_id>.<peer_id>.
  const between = text.split(UUID).map((part) =>
    part.split(/([:.])/).map((word) => isKeptWord(word) ? word : masked(word))
  );
  return between.map((words, i) => words.join("") + (i < ids.length ? idOf(ids[i], pseudonyms) : "")).join("");
}

/** Engines write UUIDs in capitals too; the pseudonym is that of the same id. */
function idOf(id: string, pseudonyms: Pseudonyms): string {
  const name = pseudonyms.uuid(id.toLowerCase());
  return id === id.toLowerCase() ? name : name.toUpperCase();
}

/** Letters and digits gone, the rest kept: a path such as `$.a.b[0]` stays one. */
function masked(text: string): string {
  return text.replace(/[^ $.:/_\-[\]]/g, "x");
}

/** Digits of a field that nobody knows may say anything; `0` stays, since no number begins with another digit behind it. */
function redactNumber(bytes: Uint8Array, start: number, end: number, isKnown: boolean): number {
  let at = start;
  let isExponent = false;
  for (; at < end && (isDigit(bytes[at]) || ".eE+-".includes(String.fromCharCode(bytes[at]))); at++) {
    isExponent ||= bytes[at] === 0x65 || bytes[at] === 0x45;
    if (!isKnown && !isExponent && bytes[at] > 0x30 && isDigit(bytes[at])) bytes[at] = ONE;
  }
  return at;
}

/** `true`, `false` and `null`; other words have no place in JSON and nothing to say. */
function redactWord(bytes: Uint8Array, start: number, end: number): number {
  const literal = LITERALS.exec(latin1(bytes, start, Math.min(end, start + LITERAL_BYTES)))?.[0];
  if (literal !== undefined) return start + literal.length;
  let at = start;
  while (at < end && isWordCharacter(bytes[at])) bytes[at++] = X;
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Letters, the underscore, and every byte beyond ASCII. */
function isWordCharacter(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f || byte >= 0x80;
}
