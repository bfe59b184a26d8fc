/** Cases to start from that lie in files: the corpus, the vectors, the media and captures of `fixtures/`. */
import { parseHex, utf8 } from "../../lib/base/bytes.ts";
import { parseCorpus } from "../../lib/fuzz/case_text.ts";
import type { FuzzCase, FuzzTarget } from "../../lib/fuzz/target.ts";
import { CliError } from "../ui/cli_error.ts";

const FIXTURES = new URL("../../fixtures/", import.meta.url);
export const CORPUS = new URL("corpus/", FIXTURES);
/** Cases that failed once. */
export const FOUND = new URL("found/", CORPUS);

/** As much of a fixture as seeds are cut from. */
const MAX_FIXTURE_BYTES = 32_768;
const MAX_SEED_BYTES = 16_384;

function readText(url: URL | string): string | undefined {
  try {
    return Deno.readTextFileSync(url);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The cases of a corpus directory for one target; none where it has no file of it. */
export function readCorpus(directory: URL | string, targetName: string): readonly FuzzCase[] {
  const path = directory instanceof URL ? new URL(`${targetName}.txt`, directory) : `${directory}/${targetName}.txt`;
  const text = readText(path);
  if (text === undefined) return [];
  const cases = parseCorpus(text);
  if (cases.ok) return cases.value;
  throw new CliError("usage", `${path}: ${cases.fault.message}`, "each line is a case: units in base64url");
}

interface VectorFile {
  readonly groups?: readonly {
    readonly op: string;
    readonly common?: Readonly<Record<string, unknown>>;
    readonly tests: readonly {
      readonly input: Readonly<Record<string, unknown>>;
      readonly fault?: { readonly reason: string };
      readonly requirements: readonly string[];
    }[];
  }[];
}

interface VectorRequest {
  readonly op: string;
  readonly [field: string]: unknown;
}

/** A question that the vectors ask, and what it is about. */
export interface VectorQuestion {
  readonly request: VectorRequest;
  /** The reason of the fault that is due; undefined where a value is. */
  readonly reason: string | undefined;
  readonly requirements: readonly string[];
}

/** Read once. */
let questions: readonly VectorQuestion[] | undefined;

/** Every question that the vectors ask. */
export function vectorQuestions(): readonly VectorQuestion[] {
  if (questions !== undefined) return questions;
  const all: VectorQuestion[] = [];
  for (const { name } of Deno.readDirSync(new URL("vectors/", FIXTURES))) {
    if (!name.endsWith(".json") || name.endsWith(".schema.json")) continue;
    const file: VectorFile = JSON.parse(Deno.readTextFileSync(new URL(`vectors/${name}`, FIXTURES)));
    for (const { op, common, tests } of file.groups ?? []) {
      for (const { input, fault, requirements } of tests) {
        all.push({ request: { ...common, ...input, op }, reason: fault?.reason, requirements });
      }
    }
  }
  return questions = all;
}

/** Inputs by vector operation, gathered once. */
let vectors: ReadonlyMap<string, readonly Uint8Array[]> | undefined;

function readVectors(): ReadonlyMap<string, readonly Uint8Array[]> {
  if (vectors !== undefined) return vectors;
  const inputs = new Map<string, Uint8Array[]>();
  for (const { request: { op, ...input } } of vectorQuestions()) {
    const list = inputs.get(op) ?? [];
    inputs.set(op, list);
    list.push(...unitsOf(input));
  }
  return vectors = inputs;
}

/** Whatever of a vector's input is a unit: hex, JSON text, a list of packets. */
function unitsOf(input: Readonly<Record<string, unknown>>): Uint8Array[] {
  const units: Uint8Array[] = [];
  const add = (value: unknown) => {
    const bytes = typeof value === "string" ? parseHex(value) : undefined;
    if (bytes?.ok) units.push(bytes.value);
  };
  add(input.hex);
  if (typeof input.json === "string") units.push(utf8(input.json));
  if (Array.isArray(input.packets)) {
    for (const packet of input.packets) add(typeof packet === "object" ? packet?.hex : packet);
  }
  return units.filter((unit) => unit.length <= MAX_SEED_BYTES);
}

/** Seeds of a target besides its own: the corpus that is kept, `directory`'s, its vectors and fixtures. */
export function seedsFor(target: FuzzTarget, directory?: string): readonly FuzzCase[] {
  const fixtures = (target.fixtures ?? []).flatMap(({ path, cases }) => {
    const bytes = Deno.readFileSync(new URL(path, FIXTURES));
    return cases(bytes.subarray(0, MAX_FIXTURE_BYTES));
  });
  const fromVectors = (target.vectorOps ?? []).flatMap((op) => (readVectors().get(op) ?? []).map((unit) => [unit]));
  return [
    ...readCorpus(FOUND, target.name),
    ...readCorpus(CORPUS, target.name),
    ...(directory === undefined ? [] : readCorpus(directory, target.name)),
    ...fromVectors,
    ...fixtures,
  ];
}
