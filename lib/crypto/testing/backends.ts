/** What the tests of this folder share: every backend there is, bytes from hex, and dirty buffers. */
import { concatBytes, parseHex } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { SeededRng } from "../../base/rng.ts";
import { libCryptoOrWhy } from "../../net/native/libcrypto.ts";
import type { CryptoBackend } from "../backend.ts";
import { findNodeCrypto } from "../backend_choice.ts";
import { nobleBackend } from "../backend_noble.ts";
import { createNativeBackend } from "../backend_native.ts";
import { createNodeBackend, type NodeCrypto } from "../backend_node.ts";

/** Deno always has it; a test run without it should fail loudly, not skip. */
export function requireNodeCrypto(): NodeCrypto {
  const crypto = findNodeCrypto();
  if (crypto === null) throw new Error("node:crypto is not present");
  return crypto;
}

/** libcrypto, or why it cannot be called here. */
export const LIBCRYPTO = libCryptoOrWhy();

export const BACKENDS: readonly CryptoBackend[] = [
  nobleBackend,
  createNodeBackend(requireNodeCrypto()),
  ...(typeof LIBCRYPTO === "string" ? [] : [createNativeBackend(LIBCRYPTO)]),
];

/** Bytes from hex digits; spaces are for the reader. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  return unwrap(parseHex(text.replaceAll(" ", "")));
}

export function randomBytes(bytes: number, seed: number): Uint8Array<ArrayBuffer> {
  return new SeededRng(seed).fill(new Uint8Array(bytes));
}

/** `packet` inside a larger buffer of noise, `before` bytes from its start, with `after` bytes of noise behind. */
export function inDirtyPool(packet: Uint8Array, before: number, after: number): Uint8Array<ArrayBuffer> {
  return concatBytes(randomBytes(before, before + 1), packet, randomBytes(after, after + 2));
}
