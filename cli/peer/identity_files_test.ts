import assert from "node:assert/strict";
import { SeededRng } from "../../lib/base/rng.ts";
import { uuidV4 } from "../../lib/base/uuid.ts";
import { judgeIdentity, signIdentity } from "../../lib/crypto/identity.ts";
import { generateKeyPair } from "../../lib/crypto/ecdh.ts";
import { createCertificate } from "../../lib/net/certificate_create.ts";
import { CliError } from "../ui/cli_error.ts";
import { type Identity, IDENTITY_KEY_ID, identityPolicy, loadIdentity } from "./identity_files.ts";
import { KeystoreDirectory } from "./keystore_directory.ts";

const NOW = Date.UTC(2026, 0, 15);
const DAY_MS = 86_400_000;
const rng = new SeededRng(7);
const MASTER = "00".repeat(32);
const OPTIONAL = { pin: undefined, requireIdentity: false, caPath: undefined };

function test(name: string, body: (directory: string) => Promise<void> | void): void {
  Deno.test(name, async () => {
    const directory = Deno.makeTempDirSync();
    try {
      await body(directory);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  });
}

const isUsage = (text: RegExp) => (error: unknown) =>
  error instanceof CliError && error.exit === "usage" && text.test(error.message);

/** What the other side says of this identity under a policy. */
function judged(identity: Identity, policy: Parameters<typeof judgeIdentity>[0], peerId: string): boolean {
  const { publicKey } = generateKeyPair(rng);
  const claim = { sessionId: uuidV4(rng), peerId, role: "caller", publicKey } as const;
  const signature = signIdentity(identity.config.key.privateKey, claim);
  const field = { certificate: identity.config.certificateBase64, signature };
  return judgeIdentity(policy, field, claim, NOW).ok;
}

test("identity self: the other side can pin what is printed", async () => {
  const peerId = uuidV4(rng);
  const wish = { identity: "self", keyPath: undefined, keystore: undefined, peerId };
  const identity = await loadIdentity(wish, NOW);
  const other = await loadIdentity(wish, NOW);
  assert.ok(identity && other);
  assert.match(identity.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  assert.equal(judged(identity, identityPolicy({ ...OPTIONAL, pin: identity.fingerprint }), peerId), true);
  assert.equal(judged(other, identityPolicy({ ...OPTIONAL, pin: identity.fingerprint }), peerId), false);
  assert.equal(judged(identity, identityPolicy({ ...OPTIONAL, requireIdentity: true }), peerId), true);
});

test("identity from PEM files, vouched for by a CA", async (directory) => {
  const peerId = uuidV4(rng);
  const validity = { notBeforeUnixMs: NOW - DAY_MS, notAfterUnixMs: NOW + DAY_MS };
  const ca = await createCertificate({ subject: "CA", isCa: true, ...validity });
  const made = await createCertificate({ subject: "peer", peerId, issuer: ca, ...validity });
  const [certificate, key, caPath] = ["c.pem", "k.pem", "ca.pem"].map((name) => `${directory}/${name}`);
  Deno.writeTextFileSync(certificate, made.certificatePem);
  Deno.writeTextFileSync(key, made.privateKeyPem);
  Deno.writeTextFileSync(caPath, ca.certificatePem);
  const identity = await loadIdentity({ identity: certificate, keyPath: key, keystore: undefined, peerId }, NOW);
  assert.ok(identity);
  const policy = identityPolicy({ ...OPTIONAL, caPath });
  assert.equal(judged(identity, policy, peerId), true);
  assert.equal(judged(identity, policy, uuidV4(rng)), false);

  const load = (identity: string | undefined, keyPath: string | undefined) =>
    loadIdentity({ identity, keyPath, keystore: undefined, peerId }, NOW);
  Deno.writeTextFileSync(key, ca.privateKeyPem);
  await assert.rejects(load(certificate, key), isUsage(/not the certificate's/));
  await assert.rejects(load(certificate, certificate), isUsage(/Cannot parse private key/));
  await assert.rejects(load(key, key), isUsage(/no PEM certificate/));
  await assert.rejects(load(certificate, undefined), isUsage(/needs --identity-key/));
  await assert.rejects(load(undefined, key), isUsage(/goes with --identity/));
  await assert.rejects(load(`${directory}/none.pem`, key), isUsage(/cannot read/));
});

test("keystore: the identity and its peer id are made once and found again", async (directory) => {
  const path = `${directory}/keys`;
  const peerId = uuidV4(rng);
  const first = await loadIdentity(
    { identity: "self", keyPath: undefined, keystore: new KeystoreDirectory(path, MASTER, rng), peerId },
    NOW,
  );
  assert.deepEqual([...Deno.readDirSync(path)].map(({ name }) => name).sort(), [
    `${IDENTITY_KEY_ID}.key`,
    `${IDENTITY_KEY_ID}.meta`,
  ]);
  assert.equal((Deno.statSync(`${path}/${IDENTITY_KEY_ID}.key`).mode ?? 0) & 0o777, 0o600);
  const again = await loadIdentity(
    { identity: undefined, keyPath: undefined, keystore: new KeystoreDirectory(path, MASTER, rng), peerId: "other" },
    NOW + 1000,
  );
  assert.ok(first && again);
  assert.equal(again.fingerprint, first.fingerprint);
  assert.equal(again.peerId, peerId);
  assert.deepEqual(again.config.key.privateKey, first.config.key.privateKey);
  assert.equal(judged(again, identityPolicy({ ...OPTIONAL, pin: first.fingerprint }), peerId), true);
});

test("keystore: no master key, a wrong one, an expired key: each is said", (directory) => {
  assert.throws(() => new KeystoreDirectory(directory, undefined, rng), isUsage(/ARMORICORE_MASTER_KEY/));
  const keystore = new KeystoreDirectory(directory, MASTER, rng);
  assert.equal(keystore.read("a", NOW), undefined);
  const key = Uint8Array.of(1, 2, 3);
  keystore.store("a", "test", { key, metadata: { note: "x" } }, NOW);
  assert.deepEqual(keystore.read("a", NOW), { key, metadata: { note: "x" } });
  assert.throws(() => keystore.store("a", "test", { key, metadata: {} }, NOW), isUsage(/cannot write/));
  assert.throws(() => new KeystoreDirectory(directory, "other", rng).read("a", NOW), isUsage(/wrong master key/));
  const meta = Deno.readTextFileSync(`${directory}/a.meta`);
  Deno.writeTextFileSync(`${directory}/a.meta`, meta.replace('"expires_at": null', '"expires_at": 5'));
  assert.throws(() => keystore.read("a", NOW), isUsage(/expired/));
});

test("identity policy: a pin that is none, and a pin beside a CA", (directory) => {
  assert.throws(() => identityPolicy({ ...OPTIONAL, pin: "abc" }), isUsage(/64 hex digits/));
  assert.throws(
    () => identityPolicy({ pin: "ab".repeat(32), requireIdentity: false, caPath: directory }),
    isUsage(/exclude/),
  );
  assert.deepEqual(identityPolicy(OPTIONAL), { kind: "optional" });
});
