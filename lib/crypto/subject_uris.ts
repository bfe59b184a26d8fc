/**
 * The URIs of a certificate's subject alternative name. `node:crypto` joins all names to one text and escapes nothing, so
 * that one name could smuggle in another; they are read from the DER instead.
 */
import { toHex } from "../base/bytes.ts";
import { fault, ok, type Parsed } from "../base/parsed.ts";
import { DER_BOOLEAN, DER_OCTET_STRING, DER_OID, type DerElement, parseDerElement, parseDerElements } from "./der.ts";

const OID_SUBJECT_ALT_NAME = "551d11";
const OID_BASIC_CONSTRAINTS = "551d13";
const OID_KEY_USAGE = "551d0f";
/** Critical extensions that this project or the library takes into account. */
const UNDERSTOOD_CRITICAL = new Set([OID_SUBJECT_ALT_NAME, OID_BASIC_CONSTRAINTS, OID_KEY_USAGE]);
const URI_NAME = 0x86;
const EXTENSIONS_FIELD = 0xa3;

/**
 * The URIs of the subject alternative name, each as its own text; none without the extension.
 *
 * Follows `Certificate { tbsCertificate { ..., [3] { extensions { { oid, critical?, value } } } }, ... }` (RFC 5280
 * §4.1). Refuses a certificate with the extension twice, or with a critical extension that nobody here understands
 * (RFC 5280 §4.2).
 */
export function parseSubjectUris(der: Uint8Array): Parsed<readonly string[]> {
  const fields = parseSignedFields(der);
  if (!fields.ok) return fields;
  const field = fields.value.find(({ tag }) => tag === EXTENSIONS_FIELD);
  if (field === undefined) return ok([]);
  const extensions = insideFirst(der, field);
  if (!extensions.ok) return extensions;

  let names: DerElement | undefined;
  for (const extension of extensions.value) {
    const parts = children(der, extension);
    if (!parts.ok) return parts;
    const oid = parts.value[0];
    const value = parts.value.at(-1);
    if (oid?.tag !== DER_OID || value?.tag !== DER_OCTET_STRING) {
      return malformed("an extension is malformed", extension.contentStart);
    }
    const id = toHex(der.subarray(oid.contentStart, oid.end));
    const critical = parts.value.length === 3 && parts.value[1].tag === DER_BOOLEAN;
    if (critical && !UNDERSTOOD_CRITICAL.has(id)) {
      return malformed("it has an unknown critical extension", oid.contentStart);
    }
    if (id !== OID_SUBJECT_ALT_NAME) continue;
    if (names) return malformed("it has two subject alternative names", oid.contentStart);
    names = value;
  }
  if (names === undefined) return ok([]);
  const general = insideFirst(der, names);
  if (!general.ok) return general;
  return ok(
    general.value.filter(({ tag }) => tag === URI_NAME).map(({ contentStart, end }) =>
      String.fromCharCode(...der.subarray(contentStart, end))
    ),
  );
}

/** The fields of tbsCertificate, which is what the issuer signed. */
function parseSignedFields(der: Uint8Array): Parsed<readonly DerElement[]> {
  const whole = parseDerElement(der, 0, der.length);
  return whole.ok ? insideFirst(der, whole.value) : whole;
}

function children(der: Uint8Array, { contentStart, end }: DerElement): Parsed<readonly DerElement[]> {
  return parseDerElements(der, contentStart, end);
}

/** The children of the first element inside `outer`: the only one where a tag or an OCTET STRING wraps another. */
function insideFirst(der: Uint8Array, outer: DerElement): Parsed<readonly DerElement[]> {
  const inner = parseDerElement(der, outer.contentStart, outer.end);
  return inner.ok ? children(der, inner.value) : inner;
}

function malformed(why: string, offset: number) {
  return fault("bad_value", `Cannot parse certificate: ${why}`, { offset });
}
