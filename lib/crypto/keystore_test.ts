import assert from "node:assert/strict";
import { createCipheriv, createHash } from "node:crypto";
import fc from "fast-check";
import { decodeUtf8, toHex, utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { SeededRng } from "../base/rng.ts";
import {
  keyFileStem,
  type KeyMeta,
  masterKeyFromText,
  openKeyFile,
  openKeyFiles,
  parseKeyMeta,
  sealKeyFile,
  srtpKeyIds,
  usableVersion,
  writeKeyMeta,
} from "./keystore.ts";
import { hex, inDirtyPool, randomBytes } from "./testing/backends.ts";

interface VectorCase {
  readonly id: string;
  readonly hex?: string;
  readonly master_key?: string;
  readonly metadata?: unknown;
  readonly ARMORICORE_MASTER_KEY?: string;
  readonly derived_master_key?: string;
  readonly key_file_hex?: string;
  readonly plaintext_utf8?: string;
}

const VECTORS: readonly VectorCase[] = JSON.parse(
  Deno.readTextFileSync(new URL("../../fixtures/armoricore/keystore.json", import.meta.url)),
).cases;

function vector(id: string): VectorCase {
  const found = VECTORS.find((each) => each.id === id);
  assert.ok(found, `vector ${id}`);
  return found;
}

/** What lies in the engine's key files, as far as the vectors tell. */
const PLAINTEXTS: Readonly<Record<string, string | number>> = {
  "file empty.key": 0,
  "file rotated.key": "v2",
  "file srtp:master_key:550e8400-e29b-41d4-a716-446655440000.key": 16,
  "file srtp:master_salt:550e8400-e29b-41d4-a716-446655440000.key": 14,
  "file path_with_slashes.key": 6,
  "file jwt.secret.key": 32,
};

for (const { id, hex: file, master_key } of VECTORS) {
  if (file === undefined || master_key === undefined) continue;
  Deno.test(`keystore: the engine's ${id} opens`, () => {
    const key = unwrap(openKeyFile(hex(file), hex(master_key)));
    const expected = PLAINTEXTS[id];
    assert.ok(expected !== undefined, "a vector without an expectation");
    if (typeof expected === "number") assert.equal(key.length, expected);
    else assert.equal(unwrap(decodeUtf8(key)), expected);
  });
}

for (const id of ["env_hex64", "env_hex62"]) {
  Deno.test(`keystore: the master key from the environment as the engine takes it, ${id}`, () => {
    const each = vector(id);
    const masterKey = masterKeyFromText(each.ARMORICORE_MASTER_KEY ?? "");
    assert.equal(toHex(masterKey), each.derived_master_key);
    const key = unwrap(openKeyFile(hex(each.key_file_hex ?? ""), masterKey));
    assert.equal(unwrap(decodeUtf8(key)), each.plaintext_utf8);
  });
}

const MASTER_KEY = masterKeyFromText("0123456789ABCDEFabcdef0000000000000000000000000000000000000000ff");

Deno.test("keystore: 64 hex digits of either case are bytes, everything else is hashed", () => {
  assert.equal(toHex(MASTER_KEY), "0123456789abcdefabcdef0000000000000000000000000000000000000000ff");
  for (const text of ["", "secret", "0".repeat(63), "0".repeat(65), "g".repeat(64), "\u00e9".repeat(64)]) {
    assert.equal(toHex(masterKeyFromText(text)), createHash("sha256").update(text).digest("hex"));
  }
});

Deno.test("keystore: sealing and opening are inverse, and the file is AES-256-GCM as node:crypto has it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), (key, seed) => {
      const file = sealKeyFile(key, MASTER_KEY, new SeededRng(seed));
      assert.deepEqual(unwrap(openKeyFile(inDirtyPool(file, 5, 5).subarray(5, 5 + file.length), MASTER_KEY)), key);
      const cipher = createCipheriv("aes-256-gcm", MASTER_KEY, file.subarray(0, 12));
      const ciphertext = Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()]);
      assert.equal(toHex(file.subarray(12)), ciphertext.toString("hex"));
    }),
    { seed: 16, numRuns: 50 },
  );
});

Deno.test("keystore: each file has its own nonce", () => {
  const rng = new SeededRng(1);
  const nonces = Array.from({ length: 20 }, () => toHex(sealKeyFile(utf8("k"), MASTER_KEY, rng).subarray(0, 12)));
  assert.equal(new Set(nonces).size, 20);
});

Deno.test("keystore: every prefix, every bit flip and another master key are refused", () => {
  const file = sealKeyFile(utf8("secret"), MASTER_KEY, new SeededRng(2));
  for (let n = 0; n < file.length; n++) {
    const opened = openKeyFile(file.subarray(0, n), MASTER_KEY);
    assert.ok(!opened.ok);
    assert.equal(opened.fault.reason, n < 28 ? "truncated" : "decrypt");
  }
  for (let bit = 0; bit < file.length * 8; bit++) {
    const flipped = file.slice();
    flipped[bit >> 3] ^= 0x80 >> (bit & 7);
    const opened = openKeyFile(flipped, MASTER_KEY);
    assert.ok(!opened.ok && opened.fault.reason === "decrypt");
  }
  const wrong = openKeyFile(file, randomBytes(32, 1));
  assert.ok(!wrong.ok && wrong.fault.reason === "decrypt" && !wrong.fault.message.includes("secret"));
  const huge = openKeyFile(new Uint8Array(65_537), MASTER_KEY);
  assert.ok(!huge.ok && huge.fault.reason === "too_large");
});

Deno.test("keystore: ids become file names as in the engine's directory", () => {
  assert.equal(unwrap(keyFileStem("path/with\\slashes")), "path_with_slashes");
  const { masterKey, masterSalt } = srtpKeyIds("550e8400-e29b-41d4-a716-446655440000");
  for (const id of [masterKey, masterSalt, "jwt.secret", "empty"]) {
    assert.ok(VECTORS.some((each) => each.id === `file ${unwrap(keyFileStem(id))}.key`), id);
  }
});

Deno.test("keystore: no id leaves the directory", () => {
  assert.equal(unwrap(keyFileStem("../../etc/passwd")), ".._.._etc_passwd");
  for (const id of ["", "a\0b", "line\nbreak", "x".repeat(201)]) {
    const stem = keyFileStem(id);
    assert.ok(!stem.ok && stem.fault.reason === "bad_value");
  }
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 30 }), (id) => {
      const stem = keyFileStem(id);
      assert.ok(!stem.ok || !/[/\\\0]/.test(stem.value));
    }),
    { seed: 17, numRuns: 300 },
  );
});

const META = vector("rotated_value").metadata as KeyMeta;

Deno.test("keystore: the engine's meta parses, and writing it keeps every value", () => {
  const meta = unwrap(parseKeyMeta(JSON.stringify(META)));
  assert.deepEqual(meta, META);
  assert.deepEqual(unwrap(parseKeyMeta(writeKeyMeta(meta))), META);
  const lines = writeKeyMeta(meta).split("\n");
  assert.deepEqual(lines.slice(0, 4), [
    "{",
    '  "id": "rotated",',
    '  "key_type": "api_key",',
    '  "current_version": 2,',
  ]);
});

Deno.test("keystore: the usable version is the current one, active and not past its end", () => {
  const meta = unwrap(parseKeyMeta(JSON.stringify(META)));
  assert.equal(usableVersion(meta, 1_795_354_111_000)?.version, 2);
  assert.equal(usableVersion({ ...meta, current_version: 1 }, 1_795_354_111_000), undefined, "not active");
  const [old, current] = meta.versions;
  const ending: KeyMeta = { ...meta, versions: [old, { ...current, expires_at: 1_800_000_000 }] };
  assert.equal(usableVersion(ending, 1_799_999_999_999)?.version, 2);
  assert.equal(usableVersion(ending, 1_800_000_000_000), undefined);
});

Deno.test("keystore: a faulty meta is refused with reason and path", () => {
  const [version] = META.versions;
  const cases: readonly (readonly [unknown, string, string | undefined])[] = [
    ["{", "bad_json", undefined],
    ["", "bad_json", undefined],
    [[], "missing_field", "$.id"],
    [null, "bad_type", "$"],
    [{ ...META, id: undefined }, "missing_field", "$.id"],
    [{ ...META, key_type: 1 }, "bad_type", "$.key_type"],
    [{ ...META, current_version: 1.5 }, "bad_value", "$.current_version"],
    [{ ...META, created_at: -1 }, "bad_value", "$.created_at"],
    [{ ...META, updated_at: "now" }, "bad_type", "$.updated_at"],
    [{ ...META, versions: {} }, "bad_type", "$.versions"],
    [{ ...META, versions: [version, { ...version, is_active: 1 }] }, "bad_type", "$.versions[1].is_active"],
    [{ ...META, versions: [{ ...version, expires_at: undefined }] }, "missing_field", "$.versions[0].expires_at"],
    [{ ...META, metadata: null }, "bad_type", "$.metadata"],
  ];
  for (const [meta, reason, path] of cases) {
    const parsed = parseKeyMeta(typeof meta === "string" ? meta : JSON.stringify(meta));
    assert.ok(!parsed.ok);
    assert.deepEqual([parsed.fault.reason, parsed.fault.path], [reason, path]);
  }
});

Deno.test("keystore: any text gives a meta or a fault", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      assert.ok(!parseKeyMeta(text).ok);
    }),
    { seed: 18, numRuns: 300 },
  );
});

Deno.test("keystore: both files of an id, and not those of another id with the same file name", () => {
  const key = sealKeyFile(utf8("v2"), MASTER_KEY, new SeededRng(3));
  const files = { key, meta: writeKeyMeta({ ...META, id: "a/b" }) };
  const opened = unwrap(openKeyFiles("a/b", files, MASTER_KEY));
  assert.equal(unwrap(decodeUtf8(opened.key)), "v2");
  assert.equal(opened.meta.id, "a/b");
  const other = openKeyFiles("a_b", files, MASTER_KEY);
  assert.ok(!other.ok && other.fault.reason === "bad_value" && other.fault.path === "$.id");
  const broken = openKeyFiles("a/b", { ...files, meta: "{}" }, MASTER_KEY);
  assert.ok(!broken.ok && broken.fault.reason === "missing_field");
  const wrongKey = openKeyFiles("a/b", files, randomBytes(32, 9));
  assert.ok(!wrongKey.ok && wrongKey.fault.reason === "decrypt");
});
