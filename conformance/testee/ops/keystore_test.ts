/** `keystore.open` over the engine's own files, in memory. */
import { Buffer } from "node:buffer";
import { engineCases, type Row, testRows } from "../testing.ts";

interface FileCase {
  readonly id: string;
  readonly hex?: string;
  readonly master_key?: string;
}

const FILES = new Map<string, Uint8Array>(
  engineCases<FileCase>("keystore").flatMap(({ id, hex }) =>
    hex === undefined || !id.startsWith("file ") ? [] : [[`/keys/${id.slice(5)}`, Buffer.from(hex, "hex")]]
  ),
);
const MASTER = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

const META = {
  id: "rotated",
  key_type: "api_key",
  current_version: 2,
  versions: [{ version: 2, created_at: 1, expires_at: null, is_active: true, metadata: {} }],
  created_at: 1,
  updated_at: 2,
  metadata: {},
};
FILES.set("/keys/rotated.meta", Buffer.from(JSON.stringify(META)));
FILES.set("/keys/path_with_slashes.meta", Buffer.from(JSON.stringify({ ...META, id: "path/with\\slashes" })));
FILES.set("/keys/empty.meta", Buffer.from([0xff]));

const open = (key_id: string, master_key = MASTER) => ({ op: "keystore.open", dir: "/keys", master_key, key_id });

const ROWS: readonly Row[] = [
  { name: "the engine's file opens", request: open("rotated"), answer: { ok: { key: "7632", meta: META } } },
  {
    name: "slashes in an id do not lead out of the directory",
    request: open("path/with\\slashes"),
    answer: { ok: { key: Buffer.from("secret").toString("hex"), meta: { ...META, id: "path/with\\slashes" } } },
  },
  {
    name: "another master key",
    request: open("rotated", "other"),
    answer: { fault: { reason: "decrypt", offset: 12 } },
  },
  {
    name: "another id of the same file name",
    request: open("path_with_slashes"),
    answer: { fault: { reason: "bad_value", path: "$.id" } },
  },
  { name: "no such key", request: open("nobody"), answer: { fault: { reason: "bad_key", path: "$.key_id" } } },
  { name: "an id that is none", request: open(""), answer: { fault: { reason: "bad_value", path: "$.key_id" } } },
  { name: "a meta file that is no text", request: open("empty"), answer: { fault: { reason: "bad_json", offset: 0 } } },
];

testRows("keystore.open", ROWS, (path) => FILES.get(path));
testRows("keystore.open", [{
  name: "without access to files",
  request: open("rotated"),
  answer: { unsupported: "this testee was started without access to files" },
}]);
