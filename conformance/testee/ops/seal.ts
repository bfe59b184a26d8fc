/** `seal.protect` and `seal.receive`: sealed JSON under the key of its sender. */
import { decodeUtf8, toHex, utf8 } from "../../../lib/base/bytes.ts";
import type { CryptoBackend } from "../../../lib/crypto/backend.ts";
import { MASTER_KEY_BYTES, sealingKey } from "../../../lib/crypto/key_schedule.ts";
import { SEAL_OVERHEAD_BYTES, Sealer, SealReceiver } from "../../../lib/crypto/seal.ts";
import type { Fields } from "../request.ts";
import { opOk, opParsed, type Ops, refusedEntry } from "../testee.ts";

/** One beyond the last: sealing under it is refused with `bad_state`. */
const COUNTERS = 2 ** 48;

export function sealOps(backend: CryptoBackend): Ops {
  const importKey = (request: Fields) =>
    backend.importMac(sealingKey(request.hexOf("master_key", MASTER_KEY_BYTES), request.text("peer_id")));
  return {
    "seal.protect": (request) => {
      const json = utf8(request.text("json"));
      const unit = new Uint8Array(json.length + SEAL_OVERHEAD_BYTES);
      const sealer = new Sealer(importKey(request), request.integerOr("counter", 0, COUNTERS, 0));
      return opParsed(sealer.seal(json, unit), () => ({ hex: toHex(unit) }));
    },

    "seal.receive": (request, context) => {
      const receiver = new SealReceiver(importKey(request));
      const results = request.hexList("units").map((unit) => {
        const opened = receiver.open(unit);
        const text = opened.ok ? decodeUtf8(opened.value) : opened;
        return text.ok ? { json: text.value } : refusedEntry(text.fault, context);
      });
      return opOk({ results });
    },
  };
}
