/** Testees that protect packets wrongly, or take what they must not take. */
import { parseHex, toHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import type { Fields, JsonObject } from "../testee/request.ts";
import { type Op, opOk } from "../testee/testee.ts";
import { asking, eachUnitAlone, type Mutant, opsMutant } from "./mutant.ts";

const HMAC_BYTES = 10;
const E_BIT = 0x80;
const INDEX_BYTES = 4;

export const SRTP_MUTANTS: readonly Mutant[] = [
  opsMutant(
    {
      id: "srtp/roc-not-in-nonce",
      broken: "sends as if the sequence number had never wrapped",
      breaks: ["ARC-SRTP-nonce", "ARC-SRTP-hmac-tag", "ARC-SRTP-roc-start"],
    },
    "srtp.protect",
    arcOnly((op) => (request, context) => op(asking(request, { roc: 0 }), context)),
  ),
  opsMutant(
    {
      id: "srtp/nonce-in-another-order",
      broken: "shifts the salt of its nonces by a byte",
      breaks: ["ARC-SRTP-nonce"],
    },
    "srtp.protect",
    arcOnly((op) => (request, context) => {
      const keys = keysOf(request);
      const salt = String(keys.salt);
      return op(asking(request, { keys: { ...keys, salt: salt.slice(2) + salt.slice(0, 2) } }), context);
    }),
  ),
  opsMutant(
    {
      id: "srtp/hmac-without-roc",
      broken: "leaves the ROC out of the HMAC",
      breaks: ["ARC-SRTP-hmac-tag"],
    },
    "srtp.protect",
    arcOnly((op) => (request, context) => {
      const result = op(request, context);
      if (result.kind !== "ok" || !("hex" in result.value) || isWithoutHmac(request)) return result;
      const packet = unwrap(parseHex(String(result.value.hex)));
      const end = packet.length - HMAC_BYTES;
      const mac = nobleBackend.importMac(unwrap(parseHex(String(keysOf(request).auth_key))));
      mac.sign(packet, 0, end, null, packet, end, HMAC_BYTES);
      return opOk({ hex: toHex(packet) });
    }),
  ),
  opsMutant(
    {
      id: "srtp/always-hmac",
      broken: "puts an HMAC behind packets that were agreed to have none",
      breaks: ["ARC-SRTP-authentication-none"],
    },
    "srtp.protect",
    arcOnly((op) => (request, context) => {
      const result = op(request, context);
      return result.kind === "ok" && "hex" in result.value && isWithoutHmac(request)
        ? opOk({ hex: `${result.value.hex}${"00".repeat(HMAC_BYTES)}` })
        : result;
    }),
  ),
  opsMutant(
    {
      id: "srtp/hmac-not-checked",
      broken: "cuts the HMAC off and looks at the AEAD tag alone",
      breaks: ["ARC-SRTP-hmac-tag", "ARC-SRTP-receive-order"],
    },
    "srtp.receive",
    arcOnly((op) => (request, context) => {
      if (isWithoutHmac(request)) return op(request, context);
      const cut = (hex: unknown) => String(hex).slice(0, -2 * HMAC_BYTES);
      const packets = listOf(request).map((item) =>
        typeof item === "string" ? cut(item) : { ...(item as JsonObject), hex: cut((item as JsonObject).hex) }
      );
      return op(asking(request, { packets, authentication: "none" }), context);
    }),
  ),
  opsMutant(
    {
      id: "srtp/no-replay-window",
      broken: "takes every packet as if it were the first",
      breaks: ["ARC-SRTP-replay-always-on", "ARC-SRTP-replay-before-auth", "ARC-SRTP-replay-window"],
    },
    "srtp.receive",
    arcOnly(eachUnitAlone("packets")),
  ),
  opsMutant(
    {
      id: "srtp/window-twice-as-wide",
      broken: "keeps a replay window of 64 packets more than it should",
      breaks: ["ARC-SRTP-replay-window"],
    },
    "srtp.receive",
    arcOnly((op) => (request, context) =>
      op(asking(request, { window: request.numberOr("window", 64) + 64 }), context)
    ),
  ),
  opsMutant(
    {
      id: "srtp/window-of-any-size",
      broken: "rounds a window that is no multiple of 64",
      breaks: ["ARC-SRTP-replay-window-size"],
    },
    "srtp.receive",
    arcOnly((op) => (request, context) => {
      const window = Math.min(4096, Math.max(64, 64 * Math.ceil(request.numberOr("window", 64) / 64)));
      return op(asking(request, { window }), context);
    }),
  ),
  opsMutant(
    {
      id: "srtp/roc-never-tried-ahead",
      broken: "does not try the next ROC after a second of silence",
      breaks: ["ARC-SRTP-roc-resync"],
    },
    "srtp.receive",
    arcOnly((op) => (request, context) => {
      const packets = listOf(request).map((item) => typeof item === "string" ? item : (item as JsonObject).hex);
      return op(asking(request, { packets }), context);
    }),
  ),
  opsMutant(
    {
      id: "srtp/srtcp-index-from-one",
      broken: "starts to count its RTCP with 1",
      breaks: ["ARC-SRTP-srtcp-index", "ARC-SRTP-srtcp-layout"],
    },
    "srtcp.protect",
    (op) => (request, context) => op(asking(request, { index: request.numberOr("index", 0) + 1 }), context),
  ),
  opsMutant(
    {
      id: "srtp/srtcp-replayed",
      broken: "has no replay window for RTCP",
      breaks: ["ARC-SRTP-srtcp-replay"],
    },
    "srtcp.receive",
    eachUnitAlone("packets"),
  ),
  opsMutant(
    {
      id: "srtp/srtcp-in-the-clear",
      broken: "takes RTCP without the E bit for plain RTCP with a tag to be cut off",
      breaks: ["ARC-SRTP-srtcp-encrypted-only"],
    },
    "srtcp.receive",
    (op) => (request, context) => {
      const result = op(request, context);
      if (result.kind !== "ok" || !("results" in result.value)) return result;
      const tail = INDEX_BYTES + (isWithoutHmac(request) ? 0 : HMAC_BYTES);
      const results = (result.value.results as readonly object[]).map((one, i) => {
        const bytes = unwrap(parseHex(String(listOf(request)[i])));
        const at = bytes.length - tail;
        const isClear = at > 0 && (bytes[at] & E_BIT) === 0;
        return isClear ? { hex: toHex(bytes.subarray(0, at)) } : one;
      });
      return opOk({ results });
    },
  ),
];

/** The engine's SRTP has rules of its own. */
function arcOnly(change: (op: Op) => Op): (op: Op) => Op {
  return (op) => {
    const broken = change(op);
    return (request, context) =>
      request.textOr("dialect", "arcrtc-1.0") === "arcrtc-1.0" ? broken(request, context) : op(request, context);
  };
}

function keysOf(request: Fields): JsonObject {
  return request.object("keys").raw;
}

function isWithoutHmac(request: Fields): boolean {
  return request.textOr("authentication", "hmac-sha256-80") === "none";
}

function listOf(request: Fields): readonly unknown[] {
  const list = request.value("packets");
  return Array.isArray(list) ? list : [];
}
