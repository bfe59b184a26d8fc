/**
 * A directory of key files as armoricore-keys has them (`lib/crypto/keystore.ts` knows the form): `ID.key` and `ID.meta`,
 * encrypted under the master key in ARMORICORE_MASTER_KEY.
 */
import { unwrap } from "../../lib/base/parsed.ts";
import {
  keyFileStem,
  type KeyMeta,
  MASTER_KEY_VARIABLE,
  masterKeyFromText,
  openKeyFiles,
  sealKeyFile,
  usableVersion,
  writeKeyMeta,
} from "../../lib/crypto/keystore.ts";
import type { Rng } from "../../lib/base/rng.ts";
import { CliError } from "../ui/cli_error.ts";

export interface StoredKey {
  readonly key: Uint8Array;
  /** What the engine calls `metadata`: whatever the key's owner keeps beside it. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export class KeystoreDirectory {
  readonly #path: string;
  readonly #masterKey: Uint8Array;
  readonly #rng: Rng;

  /** `masterKeyText` is the value of ARMORICORE_MASTER_KEY. The directory is made where it is not there. */
  constructor(path: string, masterKeyText: string | undefined, rng: Rng) {
    if (masterKeyText === undefined || masterKeyText === "") {
      throw new CliError(
        "usage",
        `a keystore needs its master key in ${MASTER_KEY_VARIABLE}`,
        `export ${MASTER_KEY_VARIABLE}=$(openssl rand -hex 32), and keep it`,
      );
    }
    this.#path = path;
    this.#masterKey = masterKeyFromText(masterKeyText);
    this.#rng = rng;
    try {
      Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new CliError("usage", `cannot use ${path} as keystore: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** The key's current version; undefined where there is none of this id. @throws CliError where it cannot be used. */
  read(id: string, nowUnixMs: number): StoredKey | undefined {
    const stem = `${this.#path}/${unwrap(keyFileStem(id))}`;
    let files: { key: Uint8Array; meta: string };
    try {
      files = { key: Deno.readFileSync(`${stem}.key`), meta: Deno.readTextFileSync(`${stem}.meta`) };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw new CliError("usage", `cannot read ${stem}: ${error instanceof Error ? error.message : error}`);
    }
    const opened = openKeyFiles(id, files, this.#masterKey);
    if (!opened.ok) {
      throw new CliError("usage", `${stem}: ${opened.fault.message}`, `is ${MASTER_KEY_VARIABLE} this keystore's?`);
    }
    if (usableVersion(opened.value.meta, nowUnixMs) === undefined) {
      throw new CliError("usage", `${stem}: the key has expired or was put out of use`);
    }
    return { key: opened.value.key, metadata: opened.value.meta.metadata };
  }

  /** Stores a new key; an id is never written over. @throws CliError */
  store(id: string, keyType: string, { key, metadata }: StoredKey, nowUnixMs: number): void {
    const stem = `${this.#path}/${unwrap(keyFileStem(id))}`;
    const seconds = Math.floor(nowUnixMs / 1000);
    const version = { version: 1, created_at: seconds, expires_at: null, is_active: true, metadata: {} };
    const meta: KeyMeta = {
      id,
      key_type: keyType,
      current_version: 1,
      versions: [version],
      created_at: seconds,
      updated_at: seconds,
      metadata: { ...metadata },
    };
    try {
      const options = { createNew: true, mode: 0o600 };
      Deno.writeFileSync(`${stem}.key`, sealKeyFile(key, this.#masterKey, this.#rng), options);
      Deno.writeTextFileSync(`${stem}.meta`, writeKeyMeta(meta), options);
    } catch (error) {
      throw new CliError("usage", `cannot write ${stem}: ${error instanceof Error ? error.message : error}`);
    }
  }
}
