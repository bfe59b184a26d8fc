/** Testees that bad input harms: libraries here, servers, relays and peers in the files beside. */
import type { Json } from "../testee/answer.ts";
import { subprocess } from "../testee/subprocess.ts";
import { opFault } from "../testee/testee.ts";
import { answered, asking, type Mutant, type MutantHead, opsMutant } from "./mutant.ts";
import { isMessageText, PEER_ROBUSTNESS_MUTANTS } from "./robustness_peer_mutants.ts";
import { RELAY_ROBUSTNESS_MUTANTS } from "./robustness_relay_mutants.ts";
import { SERVER_ROBUSTNESS_MUTANTS } from "./robustness_server_mutants.ts";
import { running } from "./signaling_mutant.ts";

const PROGRAM = new URL("fragile_testee.ts", import.meta.url).pathname;
/** For one answer, and so for the program's start too. */
const PATIENCE_MS = 8000;

/** A program whose weakness ends or stops it; see `fragile_testee.ts`. */
function fragile(head: MutantHead, weakness: string): Mutant {
  const ops = subprocess(`'${Deno.execPath()}' run --quiet -A '${PROGRAM}' ${weakness}`, PATIENCE_MS);
  return { ...head, start: () => Promise.resolve({ subjects: { ops }, stop: () => Promise.resolve() }) };
}

const PROGRAMS: readonly Mutant[] = [
  fragile(
    { id: "robustness/dies-of-no-json", broken: "ends at a line that is no JSON", breaks: ["ARC-ROBUST-driver"] },
    "dies-of-no-json",
  ),
  fragile(
    { id: "robustness/answers-twice", broken: "answers a line that is no JSON twice", breaks: ["ARC-ROBUST-driver"] },
    "answers-twice",
  ),
  fragile(
    {
      id: "robustness/dies-of-long-lines",
      broken: "reads lines into a buffer of one size, and ends when it is full",
      breaks: ["ARC-ROBUST-driver"],
    },
    "dies-of-long-lines",
  ),
  fragile(
    {
      id: "robustness/dies-of-nesting",
      broken: "reads nested JSON by calls within calls, until its stack is full",
      breaks: ["ARC-ROBUST-time"],
    },
    "dies-of-nesting",
  ),
  fragile(
    {
      id: "robustness/hangs-on-backslashes",
      broken: "reads escapes with an expression that tries every way to split them",
      breaks: ["ARC-ROBUST-time"],
    },
    "hangs-on-backslashes",
  ),
  fragile(
    {
      id: "robustness/hangs-at-half-the-range",
      broken: "steps from one sequence number to the next, and never arrives where both ways are as long",
      breaks: ["ARC-ROBUST-time"],
    },
    "hangs-at-half-the-range",
  ),
  fragile(
    {
      id: "robustness/hangs-at-empty-runs",
      broken: "goes through feedback run by run, and never past a run of nothing",
      breaks: ["ARC-ROBUST-time"],
    },
    "hangs-at-empty-runs",
  ),
  fragile(
    {
      id: "robustness/hangs-at-far-counters",
      broken: "moves the window of sealed units on by one at a time, before it checks the tag",
      breaks: ["ARC-ROBUST-time"],
    },
    "hangs-at-far-counters",
  ),
  fragile(
    {
      id: "robustness/hangs-at-single-bytes",
      broken: "waits in a loop for the second byte of a length",
      breaks: ["ARC-ROBUST-time"],
    },
    "hangs-at-single-bytes",
  ),
  fragile(
    {
      id: "robustness/dies-of-missing-fields",
      broken: "ends when a request lacks a field",
      breaks: ["ARC-ROBUST-driver"],
    },
    "dies-of-missing-fields",
  ),
];

/** Ops that refuse an input as a whole, each without a word for it. */
const SPEECHLESS: readonly Mutant[] = Object.entries({
  "frames": "frame.read",
  "extensions": "rtp.extensions",
  "public-keys": "ecdh.agree",
  "certificates": "identity.verify",
  "repairs": "fec.recover",
}).map(([words, name]) =>
  opsMutant(
    {
      id: `robustness/throws-at-bad-${words}`,
      broken: `throws where ${name} should refuse`,
      breaks: ["ARC-ROBUST-verdict"],
    },
    name,
    (op) => (request, context) => {
      const result = op(request, context);
      if (result.kind === "fault") throw new Error(result.fault.message);
      return result;
    },
  )
);

/** Ops that refuse entries of a list, each of which says nothing of them. */
const FORGETFUL: readonly Mutant[] = Object.entries({
  "media": "srtp.receive",
  "rtcp": "srtcp.receive",
  "epochs": "rotation.receive",
  "sealed": "seal.receive",
  "reduced": "reduced.receive",
}).map(([words, name]) =>
  opsMutant(
    {
      id: `robustness/leaves-out-bad-${words}`,
      broken: `tells nothing of what ${name} should refuse`,
      breaks: ["ARC-ROBUST-verdict"],
    },
    name,
    (op) => (request, context) =>
      answered(op(request, context), ({ results }) => ({
        results: (results as readonly Json[]).filter((result) => !("fault" in result)),
      })),
  )
);

const OPS: readonly Mutant[] = [
  opsMutant(
    {
      id: "robustness/throws-at-odd-words",
      broken: "has no answer to RTCP that is not made of whole words",
      breaks: ["ARC-ROBUST-verdict"],
    },
    "rtcp.parse",
    (op) => (request, context) => {
      if (request.hex("hex").length % 4 !== 0) throw new RangeError("out of bounds");
      return op(request, context);
    },
  ),
  opsMutant(
    {
      id: "robustness/remembers-refusals",
      broken: "refuses the packet behind one that it has refused",
      breaks: ["ARC-ROBUST-verdict"],
    },
    "rtp.parse",
    (op) => {
      let refused: ReturnType<typeof op> | undefined;
      return (request, context) => {
        const before = refused;
        const result = op(request, context);
        refused = result.kind === "fault" ? result : undefined;
        return before ?? result;
      };
    },
  ),
  opsMutant(
    {
      id: "robustness/words-of-its-own",
      broken: "refuses messages for reasons that no list has",
      breaks: ["ARC-ROBUST-verdict"],
    },
    "signaling.parse",
    (op) => (request, context) => {
      const result = op(request, context);
      if (result.kind !== "fault") return result;
      return opFault({ ...result.fault, reason: "oops" as typeof result.fault.reason });
    },
  ),
  opsMutant(
    {
      id: "robustness/throws-at-nothing",
      broken: "has no class for a unit of no bytes",
      breaks: ["ARC-ROBUST-verdict"],
    },
    "unit.classify",
    (op) => (request, context) => {
      if (request.hex("hex").length === 0) throw new RangeError("out of bounds");
      return op(request, context);
    },
  ),
  opsMutant(
    {
      id: "robustness/throws-at-empty-payloads",
      broken: "throws at payloads of H.264 that are empty",
      breaks: ["ARC-ROBUST-verdict"],
    },
    "payload.depacketize",
    (op) => (request, context) => {
      if (
        request.text("codec") === "h264" && request.objects("packets").some((one) => one.text("payload").length < 4)
      ) {
        throw new TypeError("undefined is not a NAL unit");
      }
      return op(request, context);
    },
  ),
  opsMutant(
    {
      id: "robustness/plays-twice",
      broken: "plays what a jump brings back once more",
      breaks: ["ARC-ROBUST-verdict"],
    },
    "jitter.run",
    (op) => (request, context) =>
      answered(op(request, context), ({ playout, dropped }) => ({
        playout: [...playout as readonly Json[], ...dropped as readonly Json[]],
      })),
  ),
  opsMutant(
    {
      id: "robustness/guesses-hex",
      broken: "takes hex that is missing, or of another type, for none",
      breaks: ["ARC-ROBUST-driver"],
    },
    "unit.classify",
    (op) => (request, context) =>
      op(typeof request.raw.hex === "string" ? request : asking(request, { hex: "" }), context),
  ),
  opsMutant(
    {
      id: "robustness/half-a-byte",
      broken: "leaves a last odd digit of hex out",
      breaks: ["ARC-ROBUST-driver"],
    },
    "unit.classify",
    (op) => (request, context) => {
      const { hex } = request.raw;
      const whole = typeof hex === "string" && /^[0-9a-f]*$/.test(hex) ? hex.slice(0, hex.length & ~1) : hex;
      return op(asking(request, { hex: whole }), context);
    },
  ),
  opsMutant(
    {
      id: "robustness/keeps-what-is-text",
      broken: "leaves out what is no text in a list of chunks",
      breaks: ["ARC-ROBUST-driver"],
    },
    "frame.read",
    (op) => (request, context) => {
      const { chunks } = request.raw;
      const texts = Array.isArray(chunks) ? chunks.filter((chunk) => typeof chunk === "string") : chunks;
      return op(asking(request, { chunks: texts }), context);
    },
  ),
  running(
    {
      id: "robustness/session-ends-at-bad-json",
      broken: "ends a session when something comes that is no JSON",
      breaks: ["ARC-ROBUST-call"],
    },
    (run, request) => ({ state: request.role !== "server" && firstBad(request) !== undefined ? "closed" : run.state }),
  ),
  running(
    {
      id: "robustness/hub-falls-silent",
      broken: "says nothing more to anybody when something has come that is no JSON",
      breaks: ["ARC-ROBUST-connection"],
    },
    ({ outputs }, request) => {
      const badMs = request.role === "server" ? firstBad(request) : undefined;
      return { outputs: outputs.filter(({ at_ms }) => badMs === undefined || at_ms <= badMs) };
    },
  ),
];

/** When the first input comes that is no JSON. */
function firstBad({ inputs }: Json): number | undefined {
  const bad = (inputs as readonly Json[]).find(({ json }) => typeof json === "string" && !isMessageText(json));
  return bad === undefined ? undefined : Number(bad.at_ms);
}

export const ROBUSTNESS_MUTANTS: readonly Mutant[] = [
  ...PROGRAMS,
  ...OPS,
  ...SPEECHLESS,
  ...FORGETFUL,
  ...SERVER_ROBUSTNESS_MUTANTS,
  ...RELAY_ROBUSTNESS_MUTANTS,
  ...PEER_ROBUSTNESS_MUTANTS,
];
