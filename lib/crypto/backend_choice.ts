/**
 * Which backend runs, and why: chosen once at start, shown by `arcrtc --version --verbose`.
 */
import { equalBytes, parseHex, toHex } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import type { CryptoBackend } from "./backend.ts";
import { nobleBackend } from "./backend_noble.ts";
import { createNativeBackend } from "./backend_native.ts";
import { createNodeBackend, type NodeCrypto } from "./backend_node.ts";
import type { LibCrypto } from "./native_library.ts";
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, MAC_KEY_BYTES, SUITE_NAMES, type SuiteName, SUITES } from "./suites.ts";

/** What a user may ask for (`--crypto`). */
export const BACKEND_WISHES = ["auto", "noble", "node", "native"] as const;

export type BackendWish = (typeof BACKEND_WISHES)[number];

export interface BackendChoice {
  readonly backend: CryptoBackend;
  /** One sentence for people. */
  readonly why: string;
}

/** Libraries that are there for the asking: `node:crypto`, and libcrypto or why it is not there. */
export interface CryptoLibraries {
  readonly node: NodeCrypto | null;
  readonly native: LibCrypto | string;
}

/** What there is without opening anything. */
function portable(): CryptoLibraries {
  return { node: findNodeCrypto(), native: "libcrypto was not opened" };
}

/**
 * `auto` takes `native` where libcrypto was opened, else `node` where `node:crypto` is present, else `noble`; the first
 * two only when they give noble's bytes for every suite and the HMAC, and the published ones for P-256.
 * It measures nothing, since the core has no clock; `srtp_bench.ts` shows both, node ahead for every suite.
 *
 * Costs some 30 ms in a fresh process, most of it loading `node:crypto`: choose when keys are first needed, not for
 * `--help`.
 *
 * @throws Error when `node` or `native` is asked for by name and cannot serve.
 */
export function chooseBackend(wish: BackendWish, libraries: CryptoLibraries = portable()): BackendChoice {
  if (wish === "noble") return { backend: nobleBackend, why: "noble was asked for" };
  const candidates = [
    { name: "native", make: () => makeNative(libraries.native) },
    { name: "node", make: () => makeNode(libraries.node) },
  ] as const;
  const lacks: string[] = [];
  for (const { name, make } of candidates) {
    if (wish !== "auto" && wish !== name) continue;
    const { backend, library, lack } = serving(make);
    if (backend !== undefined) {
      const why = wish === name
        ? `${name} was asked for`
        : `${library} is present and gives the same bytes as noble for every suite`;
      return { backend, why };
    }
    if (wish === name) throw new Error(`Cannot use the ${name} crypto backend: ${lack}`);
    lacks.push(lack);
  }
  return { backend: nobleBackend, why: lacks.join("; ") };
}

let chosen: CryptoBackend | undefined;

/** What `auto` takes without opening anything, chosen once: for those who nobody gives a backend. */
export function defaultBackend(): CryptoBackend {
  return chosen ??= chooseBackend("auto").backend;
}

interface Candidate {
  readonly backend: CryptoBackend;
  readonly library: string;
}

/** @throws Error that says what is missing. */
function makeNative(native: CryptoLibraries["native"]): Candidate {
  if (typeof native === "string") throw new Error(native);
  return { backend: createNativeBackend(native), library: `libcrypto ${native.version}` };
}

function makeNode(node: CryptoLibraries["node"]): Candidate {
  if (node === null) throw new Error("node:crypto is not present");
  return { backend: createNodeBackend(node), library: "node:crypto" };
}

function serving(make: () => Candidate): Partial<Candidate> & { readonly lack: string } {
  try {
    const candidate = make();
    const lack = findLack(candidate);
    return lack === null ? { ...candidate, lack: "" } : { lack };
  } catch (error) {
    return { lack: error instanceof Error ? error.message : String(error) };
  }
}

/** `node:crypto` or null. Without a static import, which would keep the library from loading where there is none. */
export function findNodeCrypto(): NodeCrypto | null {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => NodeCrypto | undefined } };
  return process?.getBuiltinModule?.("node:crypto") ?? null;
}

/** What keeps `backend` from standing in for noble, or null. Also proves that it refuses a wrong tag. */
function findLack({ backend, library }: Candidate): string | null {
  try {
    for (const suite of SUITE_NAMES) {
      const sealed = sealSample(backend, suite);
      if (!equalBytes(sealed, sealSample(nobleBackend, suite))) return `${library} is wrong in ${suite}`;
      sealed[sealed.length - 1] ^= 1;
      if (openSample(backend, suite, sealed)) return `${library} does not check tags in ${suite}`;
    }
    if (!equalBytes(signSample(backend), signSample(nobleBackend))) return `${library} is wrong in SHA-256`;
    return isRightInP256(backend) ? null : `${library} is wrong in P-256`;
  } catch (error) {
    return `${library} cannot serve (${error instanceof Error ? error.message : String(error)})`;
  }
}

const SAMPLE_AAD_BYTES = 16;
const SAMPLE_TEXT_END = 48;

function sampleKey(suite: SuiteName): Uint8Array {
  return new Uint8Array(SUITES[suite].keyBytes).fill(1);
}

function sealSample(backend: CryptoBackend, suite: SuiteName): Uint8Array {
  const packet = new Uint8Array(SAMPLE_TEXT_END + AEAD_TAG_BYTES);
  const key = backend.importAead(suite, sampleKey(suite));
  key.seal(new Uint8Array(AEAD_NONCE_BYTES), packet, 0, SAMPLE_AAD_BYTES, SAMPLE_TEXT_END);
  key.free();
  return packet;
}

function openSample(backend: CryptoBackend, suite: SuiteName, packet: Uint8Array): boolean {
  const key = backend.importAead(suite, sampleKey(suite));
  const opened = key.open(new Uint8Array(AEAD_NONCE_BYTES), packet, 0, SAMPLE_AAD_BYTES, SAMPLE_TEXT_END);
  key.free();
  return opened;
}

function signSample(backend: CryptoBackend): Uint8Array {
  const mac = new Uint8Array(MAC_KEY_BYTES);
  const key = backend.importMac(new Uint8Array(MAC_KEY_BYTES).fill(1));
  key.sign(mac, 0, mac.length, 1, mac, 0, MAC_KEY_BYTES);
  key.free();
  return mac;
}

/** RFC 5903 section 8.1, where noble would have to compute first what takes it 20 ms: both halves of `i`, and `r`'s. */
const P256_SAMPLE = {
  privateKey: "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
  publicKey: "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1" +
    "f45b33accf5f58389e0577b8990bb3",
  peer: "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f0" +
    "46ada30f8353e74f33039872ab",
  x: "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de",
};

function isRightInP256({ p256 }: CryptoBackend): boolean {
  const [privateKey, peer] = [P256_SAMPLE.privateKey, P256_SAMPLE.peer].map((text) => unwrap(parseHex(text)));
  return toHex(p256.publicKey(privateKey)) === P256_SAMPLE.publicKey &&
    toHex(p256.sharedX(privateKey, peer)) === P256_SAMPLE.x;
}
