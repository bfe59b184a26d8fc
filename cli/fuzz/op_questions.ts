/**
 * Every operation of the vectors with its inputs changed: packets, keys, tags and texts are mutated where they stand in a
 * request, and what is due is what the second reading answers.
 */
import { parseHex, toHex, utf8 } from "../../lib/base/bytes.ts";
import { mutateBytes } from "../../lib/fuzz/mutate_bytes.ts";
import { mutateText } from "../../lib/fuzz/mutate_text.ts";
import { Breach, type CaseRandom, type CaseSpec, type FuzzCase } from "../../lib/fuzz/target.ts";
import { JUDGES } from "../../conformance/vectors/reference/judges.ts";
import { type Answer, judgeAnswer } from "./reference_targets.ts";
import { vectorQuestions } from "./seed_files.ts";

/** Their judges take for granted what they are given, and look at the steps between, which an answer does not have. */
const NOT_DETERMINED: ReadonlySet<string> = new Set(["srtp.protect", "srtcp.protect", "seal.protect"]);
const MAX_REQUEST_BYTES = 65_536;

export interface OpQuestion {
  readonly op: string;
  readonly [field: string]: unknown;
}

/** How cases of a target are made that asks what `isAsked` says of all that the vectors ask. */
export function opCases(
  isAsked: (request: OpQuestion) => boolean,
): Pick<CaseSpec, "shape" | "maxUnits" | "seeds" | "mutate"> {
  return {
    shape: "json",
    maxUnits: 1,
    seeds: () =>
      vectorQuestions().filter(({ request }) => isAsked(request))
        .map(({ request }) => [utf8(JSON.stringify(request))]),
    mutate: mutateRequest,
  };
}

/**
 * Does the second reading say what is due? Of the other dialect's messages only those can be judged that its engine was
 * asked about; of the bridge there is a second reading of well-formed packets alone, which in-process targets make up
 * for.
 */
export function isDetermined({ op, dialect }: OpQuestion): boolean {
  return Object.hasOwn(JUDGES, op) && !NOT_DETERMINED.has(op) && !op.startsWith("bridge.") &&
    !(op === "signaling.parse" && dialect === "armoricore");
}

/** The request of a case; undefined where a case that was made small is none any more that `isAsked`. */
export function opQuestionOf(units: FuzzCase, isAsked: (request: OpQuestion) => boolean): OpQuestion | undefined {
  let request: unknown;
  try {
    request = JSON.parse(new TextDecoder().decode(units[0]));
  } catch {
    return undefined;
  }
  const op = (request as { op?: unknown } | null)?.op;
  return typeof op === "string" && isAsked(request as OpQuestion) ? request as OpQuestion : undefined;
}

/**
 * Throws a {@link Breach} where the answer is not what is due. A request may be refused as one that cannot be understood,
 * and where the second reading cannot understand it either, nothing is due.
 */
export function judgeOpAnswer({ op, ...input }: OpQuestion, answer: Answer): string {
  if (answer.error !== undefined) return `${op} error`;
  try {
    return `${op} ${judgeAnswer(op, input, answer)}`;
  } catch (error) {
    if (error instanceof Breach) throw error;
    return `${op} undetermined`;
  }
}

interface Place {
  readonly of: { [key: string]: unknown };
  readonly key: string;
}

/** Texts of a request that are bytes in hex or JSON in a text. */
function placesOf(value: unknown, places: Place[] = []): readonly Place[] {
  if (typeof value !== "object" || value === null) return places;
  const of = value as { [key: string]: unknown };
  for (const key of Object.keys(of)) {
    const member = of[key];
    if (typeof member !== "string") placesOf(member, places);
    else if (key !== "op" && (key === "json" || /^(?:[0-9a-f]{2})+$/.test(member))) places.push({ of, key });
  }
  return places;
}

function mutateRequest(unit: Uint8Array, other: Uint8Array, random: CaseRandom): Uint8Array {
  const request = JSON.parse(new TextDecoder().decode(unit));
  const places = placesOf(request);
  if (places.length === 0) return unit;
  const rounds = random.oneIn(3) ? 2 : 1;
  for (let i = 0; i < rounds; i++) {
    const { of, key } = random.pick(places);
    const text = of[key] as string;
    const hex = key === "json" ? undefined : parseHex(text);
    of[key] = hex?.ok
      ? toHex(mutateBytes(hex.value, hex.value, random, 4096))
      : new TextDecoder().decode(mutateText(utf8(text), other, random, 8192));
  }
  const mutated = utf8(JSON.stringify(request));
  return mutated.length > MAX_REQUEST_BYTES ? unit : mutated;
}
