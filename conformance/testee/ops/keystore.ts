/** `keystore.open`: a key out of a directory of the engine's key files. */
import { decodeUtf8, toHex } from "../../../lib/base/bytes.ts";
import { fault } from "../../../lib/base/parsed.ts";
import { keyFileStem, masterKeyFromText, openKeyFiles } from "../../../lib/crypto/keystore.ts";
import { opFault, opParsed, type Ops } from "../testee.ts";

/** The bytes of a file; undefined where there is none, or it may not be read. Files come from outside of the testee. */
export type ReadFile = (path: string) => Uint8Array | undefined;

export function keystoreOps(readFile: ReadFile): Ops {
  return {
    "keystore.open": (request) => {
      const keyId = request.text("key_id");
      const stem = keyFileStem(keyId);
      const path = request.pathOf("key_id");
      if (!stem.ok) return opFault({ ...stem.fault, path });
      const base = `${request.text("dir")}/${stem.value}`;
      const masterKey = masterKeyFromText(request.text("master_key"));
      const key = readFile(`${base}.key`);
      const metaBytes = readFile(`${base}.meta`);
      if (key === undefined || metaBytes === undefined) {
        return opFault(fault("bad_key", `Cannot open key ${keyId}: its files are not there`, { path }).fault);
      }
      const meta = decodeUtf8(metaBytes);
      if (!meta.ok) return opFault(meta.fault);
      return opParsed(openKeyFiles(keyId, { key, meta: meta.value }, masterKey), (stored) => ({
        key: toHex(stored.key),
        meta: stored.meta,
      }));
    },
  };
}
