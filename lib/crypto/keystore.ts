/**
 * Key files of armoricore-keys, as pure functions on bytes and text: the caller reads and writes the files.
 *
 * ```
 * <id>.key    nonce, 12 | AES-256-GCM ciphertext | tag, 16      no associated data
 * <id>.meta   JSON: id, key_type, current_version, versions[], created_at, updated_at, metadata; Unix seconds
 * ```
 */
import { gcm } from "@noble/ciphers/aes.js";
import { sha256 } from "@noble/hashes/sha2.js";
import * as v from "valibot";
import { concatBytes, parseHex, utf8 } from "../base/bytes.ts";
import { fault, ok, type Parsed, truncated } from "../base/parsed.ts";
import type { Rng } from "../base/rng.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MASTER_KEY_BYTES = 32;
/** File systems stop at 255; nobody's key id comes near. */
const MAX_ID_CHARACTERS = 200;
/** A key is tens of bytes; a whole file is read into memory. */
const MAX_KEY_FILE_BYTES = 65_536;

/** The environment variable that {@link masterKeyFromText} is the meaning of. */
export const MASTER_KEY_VARIABLE = "ARMORICORE_MASTER_KEY";

const unixSeconds = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const count = unixSeconds;
const anyFields = v.record(v.string(), v.unknown());

const keyVersionSchema = v.object({
  version: count,
  created_at: unixSeconds,
  expires_at: v.nullable(unixSeconds),
  is_active: v.boolean(),
  metadata: anyFields,
});

const keyMetaSchema = v.object({
  id: v.string(),
  key_type: v.string(),
  current_version: count,
  versions: v.array(keyVersionSchema),
  created_at: unixSeconds,
  updated_at: unixSeconds,
  metadata: anyFields,
});

/** One version of a stored key; times are Unix seconds. */
export type KeyVersion = Readonly<v.InferOutput<typeof keyVersionSchema>>;

/** The content of a `.meta` file, under the engine's own names. */
export type KeyMeta =
  & Readonly<Omit<v.InferOutput<typeof keyMetaSchema>, "versions">>
  & { readonly versions: readonly KeyVersion[] };

/** The 32-byte master key: 64 hex digits are taken as bytes, any other text is hashed with SHA-256. */
export function masterKeyFromText(text: string): Uint8Array {
  const hex = text.length === 2 * MASTER_KEY_BYTES ? parseHex(text) : undefined;
  return hex?.ok ? hex.value : sha256(utf8(text));
}

/**
 * The name of a key's files without `.key` or `.meta`: `/` and `\` become `_`, as the engine has it, so that an id
 * cannot leave the directory. Two ids may share a name; {@link openKeyFiles} tells them apart. `bad_value` for an
 * empty or overlong id and for control characters.
 */
export function keyFileStem(id: string): Parsed<string> {
  // deno-lint-ignore no-control-regex
  if (id.length === 0 || id.length > MAX_ID_CHARACTERS || /[\x00-\x1f\x7f]/.test(id)) {
    return fault("bad_value", `Cannot use key id: need 1 to ${MAX_ID_CHARACTERS} printable characters`, {
      path: "$.id",
    });
  }
  return ok(id.replace(/[/\\]/g, "_"));
}

/** The ids under which the engine keeps a stream's SRTP master key and salt. */
export function srtpKeyIds(uuid: string): { readonly masterKey: string; readonly masterSalt: string } {
  return { masterKey: `srtp:master_key:${uuid}`, masterSalt: `srtp:master_salt:${uuid}` };
}

/** The key inside a `.key` file, in new bytes. `decrypt` for a wrong master key or a changed file. */
export function openKeyFile(file: Uint8Array, masterKey: Uint8Array): Parsed<Uint8Array> {
  if (file.length < NONCE_BYTES + TAG_BYTES) return truncated("key file", NONCE_BYTES + TAG_BYTES, file.length);
  if (file.length > MAX_KEY_FILE_BYTES) {
    return fault("too_large", `Cannot open key file: need at most ${MAX_KEY_FILE_BYTES} bytes, got ${file.length}`);
  }
  const cipher = gcm(masterKey, file.subarray(0, NONCE_BYTES));
  try {
    return ok(cipher.decrypt(file.subarray(NONCE_BYTES)));
  } catch {
    return fault("decrypt", "Cannot open key file: wrong master key, or the file was changed", { offset: NONCE_BYTES });
  }
}

/** A `.key` file with a fresh nonce from `rng`, which must be the system's outside of tests. */
export function sealKeyFile(key: Uint8Array, masterKey: Uint8Array, rng: Rng): Uint8Array {
  const nonce = rng.fill(new Uint8Array(NONCE_BYTES));
  return concatBytes(nonce, gcm(masterKey, nonce).encrypt(key));
}

/** Key and meta of one id from its two files. `bad_value` when the meta file is another id's of the same name. */
export function openKeyFiles(
  id: string,
  files: { readonly key: Uint8Array; readonly meta: string },
  masterKey: Uint8Array,
): Parsed<{ readonly key: Uint8Array; readonly meta: KeyMeta }> {
  const meta = parseKeyMeta(files.meta);
  if (!meta.ok) return meta;
  if (meta.value.id !== id) {
    return fault("bad_value", `Cannot open key ${id}: its file belongs to ${meta.value.id}`, { path: "$.id" });
  }
  const key = openKeyFile(files.key, masterKey);
  return key.ok ? ok({ key: key.value, meta: meta.value }) : key;
}

/** The version that is current, if it is active and not past its end. */
export function usableVersion(meta: KeyMeta, nowUnixMs: number): KeyVersion | undefined {
  return meta.versions.find((version) =>
    version.version === meta.current_version && version.is_active &&
    (version.expires_at === null || nowUnixMs < version.expires_at * 1000)
  );
}

/** A `.meta` file: pretty JSON in the engine's field order. */
export function writeKeyMeta(meta: KeyMeta): string {
  const { id, key_type, current_version, created_at, updated_at, metadata } = meta;
  const versions = meta.versions.map(({ version, created_at, expires_at, is_active, metadata }) => ({
    version,
    created_at,
    expires_at,
    is_active,
    metadata,
  }));
  return JSON.stringify({ id, key_type, current_version, versions, created_at, updated_at, metadata }, null, 2);
}

/** A `.meta` file. Reasons: `bad_json`, and with the path of the field `missing_field`, `bad_type`, `bad_value`. */
export function parseKeyMeta(text: string): Parsed<KeyMeta> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fault("bad_json", "Cannot parse key meta: not JSON", { offset: 0 });
  }
  const meta = v.safeParse(keyMetaSchema, json, { abortEarly: true });
  if (meta.success) return ok(meta.output);
  const [issue] = meta.issues;
  const path = "$" + (issue.path ?? []).map(({ key }) => typeof key === "number" ? `[${key}]` : `.${key}`).join("");
  const reason = issue.kind === "validation"
    ? "bad_value"
    : issue.received === "undefined"
    ? "missing_field"
    : "bad_type";
  return fault(reason, `Cannot parse key meta: need ${issue.expected ?? "a whole number from 0 on"} at ${path}`, {
    path,
  });
}
