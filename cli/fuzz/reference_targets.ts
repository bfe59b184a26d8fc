/**
 * The library against a second reading of the specification, written slowly and obviously: the judges that the vectors
 * are verified with. Whatever the testee interface can be asked is asked of both.
 */
import { AssertionError } from "node:assert";
import { toHex } from "../../lib/base/bytes.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { generateArcRtp, generateRtcp } from "../../lib/fuzz/generate_packet.ts";
import { generateMessage } from "../../lib/fuzz/generate_message.ts";
import { arcRtpSeeds } from "../../lib/fuzz/targets/packet_targets.ts";
import { messageSeeds } from "../../lib/fuzz/targets/text_targets.ts";
import { Breach, type CaseRandom, type FuzzCase, type FuzzTarget } from "../../lib/fuzz/target.ts";
import { MESSAGE_TYPES } from "../../lib/signaling/messages/registry.ts";
import { ownTestee } from "../../conformance/testee/own.ts";
import type { Json } from "../../conformance/vectors/reference/judge.ts";
import { JUDGES } from "../../conformance/vectors/reference/judges.ts";

/** An operation of the testee interface, asked about units. */
export interface ReferenceQuestion {
  readonly name: string;
  readonly op: string;
  readonly summary: string;
  readonly shape: FuzzTarget["shape"];
  readonly maxUnits: number;
  readonly vectorOps?: readonly string[];
  seeds(): readonly FuzzCase[];
  generate?(random: CaseRandom): FuzzCase;
  request(units: FuzzCase): Json;
}

const one = (bytes: readonly Uint8Array[]): readonly FuzzCase[] => bytes.map((unit) => [unit]);

function question(
  name: string,
  op: string,
  summary: string,
  request: (units: FuzzCase) => Json,
  more: Partial<ReferenceQuestion> = {},
): ReferenceQuestion {
  return {
    name,
    op,
    summary,
    shape: "bytes",
    maxUnits: 1,
    vectorOps: [op],
    seeds: () => one(arcRtpSeeds()),
    generate: (random) => [generateArcRtp(random)],
    request,
    ...more,
  };
}

const hexOf = (units: FuzzCase) => ({ hex: toHex(units[0]) });

export const REFERENCE_QUESTIONS: readonly ReferenceQuestion[] = [
  question("arcrtp", "rtp.parse", "ArcRTP headers", hexOf),
  question("rtp", "rtp.parse", "plain RTP headers", (units) => ({ ...hexOf(units), plain: true })),
  question("armoricore", "rtp.parse", "the armoricore dialect's headers", (units) => ({
    ...hexOf(units),
    dialect: "armoricore",
  })),
  question("strip", "rtp.strip", "the way from ArcRTP to RTP", hexOf),
  question("extensions", "rtp.extensions", "header extension elements", hexOf),
  question("rtcp", "rtcp.parse", "compound RTCP", hexOf, { generate: (random) => [generateRtcp(random)] }),
  question("demux", "unit.classify", "the kind of a unit", hexOf),
  question("framing", "frame.read", "units on a stream", (units) => ({ chunks: units.map(toHex) }), {
    maxUnits: 6,
    seeds: () => [[new Uint8Array([0, 3, 1, 2, 3, 0]), new Uint8Array([1, 9])], [new Uint8Array([0, 0])]],
    generate: undefined,
    vectorOps: [],
  }),
  question("messages", "signaling.parse", "messages of every kind", hexOf, {
    shape: "json",
    seeds: () => one(MESSAGE_TYPES.flatMap(messageSeeds)),
    generate: (random) => [generateMessage(random.pick(MESSAGE_TYPES), random)],
  }),
];

const testee = ownTestee({ version: "fuzz", crypto: nobleBackend });

export interface Answer {
  readonly ok?: Json;
  readonly fault?: { readonly reason: string };
  readonly error?: string;
  readonly unsupported?: string;
}

/**
 * Throws a {@link Breach} where `answer` is not what the second reading gives; answers how it went, in a word. Of several
 * faults in one message or compound packet either reading may tell another first: then only that it is refused counts.
 */
export function judgeAnswer(op: string, request: Json, answer: Answer): string {
  if (answer.unsupported !== undefined) return "unsupported";
  if (answer.error !== undefined) throw new Breach("exception", `${op}: ${answer.error}`);
  try {
    JUDGES[op](request, {
      ...(answer.ok === undefined ? {} : { expected: answer.ok }),
      ...(answer.fault === undefined ? {} : { fault: answer.fault }),
    });
  } catch (error) {
    if (!(error instanceof AssertionError)) throw error;
    if (answer.fault !== undefined && !TELLS_FIRST_FAULT.has(op) && isFault(error.expected)) return answer.fault.reason;
    // A number or a truth is no answer: the reading has stopped at something that it takes for granted.
    if (typeof error.expected !== "object") return "undetermined";
    throw new Breach("divergence", `${op}: answered ${inAWord(answer.fault)}, due is ${inAWord(error.expected)}`);
  }
  return answer.fault === undefined ? "ok" : answer.fault.reason;
}

/** Operations whose inputs are so short that the first fault is the same in any order of reading. */
export const TELLS_FIRST_FAULT: ReadonlySet<string> = new Set([
  "rtp.parse",
  "rtp.strip",
  "rtp.extensions",
  "unit.classify",
]);

function isFault(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "reason" in answer;
}

/** A fault as its reason and the fields that go with it; anything else is a value. */
function inAWord(answer: unknown): string {
  if (!isFault(answer)) return "a value";
  const { reason, offset, need, path } = answer as Record<string, unknown>;
  const where = [["offset", offset], ["need", need], ["path", path]].filter(([, value]) => value !== undefined);
  return [reason, ...where.map(([name, value]) => `${name} ${JSON.stringify(value)}`)].join(" ");
}

export type ReferenceAnswer = { readonly ok: Json } | { readonly fault: { readonly reason: string } };

/** What the second reading itself answers: judges only compare, so they are given an answer that nobody would give. */
export function referenceAnswer({ op, ...request }: { readonly op: string } & Json): ReferenceAnswer {
  try {
    JUDGES[op](request, { expected: { none: true }, fault: { reason: "none" } });
  } catch (error) {
    if (!(error instanceof AssertionError)) throw error;
    const due = error.expected;
    return isFault(due) ? { fault: due as { reason: string } } : { ok: due as Json };
  }
  throw new Error(`the reading of ${op} agrees with anything`);
}

/** Our own library, asked in process. */
export const REFERENCE_TARGETS: readonly FuzzTarget[] = REFERENCE_QUESTIONS.map((
  { name, op, summary, request, ...more },
) => ({
  name: `reference.${name}`,
  area: "differential",
  summary: `the library against a slow, obvious reading: ${summary}`,
  ...more,
  run: (units) => {
    const asked = request(units);
    return judgeAnswer(op, asked, testee.answer({ op, ...asked }) as Answer);
  },
}));
