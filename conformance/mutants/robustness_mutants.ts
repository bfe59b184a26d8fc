/** Testees that bad input harms: libraries, servers, relays and peers. */
import { toHex } from "../../lib/base/bytes.ts";
import { parseRtcp } from "../../lib/packet/rtcp/compound.ts";
import { isJson, type Json } from "../testee/answer.ts";
import { subprocess } from "../testee/subprocess.ts";
import { opFault } from "../testee/testee.ts";
import { answered, asking, type Mutant, type MutantHead, opsMutant } from "./mutant.ts";
import { peerMutant, receiving, withCrypto, withMac } from "./peer_mutant.ts";
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
];

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
      id: "robustness/leaves-results-out",
      broken: "tells nothing of protected packets that it refuses",
      breaks: ["ARC-ROBUST-verdict"],
    },
    "srtp.receive",
    (op) => (request, context) =>
      answered(op(request, context), ({ results }) => ({
        results: (results as readonly Json[]).filter((result) => !("fault" in result)),
      })),
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
  const bad = (inputs as readonly Json[]).find(({ json }) => typeof json === "string" && !isParsed(json));
  return bad === undefined ? undefined : Number(bad.at_ms);
}

function isParsed(text: string): boolean {
  try {
    return isJson(JSON.parse(text));
  } catch {
    return false;
  }
}

/** RTCP's associated data; that of media is longer. */
const RTCP_HEADER_BYTES = 8;
const MANY_BACKSLASHES = "\\".repeat(40);
const EXTENSION_BIT = 0x10;

/** The peer's ciphers, with a look at what they have opened: the unit from its first byte to the end of the plaintext. */
function opening(look: (unit: Uint8Array, isRtcp: boolean) => void) {
  return withCrypto((backend) => ({
    importAead(suite, bytes) {
      const key = backend.importAead(suite, bytes);
      return {
        suite,
        seal: (...args) => key.seal(...args),
        open(nonce, buffer, aadStart, textStart, textEnd) {
          if (!key.open(nonce, buffer, aadStart, textStart, textEnd)) return false;
          const isRtcp = buffer[aadStart + 1] >= 192 && buffer[aadStart + 1] <= 223;
          look(buffer.slice(isRtcp ? textStart - RTCP_HEADER_BYTES : aadStart, textEnd), isRtcp);
          return true;
        },
        free: () => key.free(),
      };
    },
  }));
}

function crash(what: string): never {
  throw new Error(`it has met ${what}`);
}

const PEERS: readonly Mutant[] = [
  peerMutant(
    {
      id: "robustness/peer-dies-of-rtcp",
      broken: "ends when RTCP that was protected rightly is malformed",
      breaks: ["ARC-ROBUST-call"],
    },
    opening((unit, isRtcp) => {
      if (isRtcp && !parseRtcp(unit).ok) crash("malformed RTCP");
    }),
  ),
  peerMutant(
    {
      id: "robustness/peer-dies-of-extensions",
      broken: "ends when a packet has header extensions of a profile that it does not know",
      breaks: ["ARC-ROBUST-call"],
    },
    opening((unit, isRtcp) => {
      const at = 12 + 4 * (unit[0] & 0x0f);
      const profile = toHex(unit.subarray(at, at + 2));
      if (!isRtcp && (unit[0] & EXTENSION_BIT) !== 0 && profile !== "bede") crash(`a profile ${profile}`);
    }),
  ),
  peerMutant(
    {
      id: "robustness/peer-dies-of-short-repairs",
      broken: "ends when a retransmission is too short for its original's number",
      breaks: ["ARC-ROBUST-call"],
    },
    opening((unit, isRtcp) => {
      const isRtx = !isRtcp && (unit[1] & 0x7f) === 97;
      if (isRtx && unit.length < 16 + 4 * (unit[0] & 0x0f) + 2) crash("an RTX packet of nothing");
    }),
  ),
  peerMutant(
    {
      id: "robustness/peer-dies-of-sealed-text",
      broken: "ends when a message that was sealed rightly is no JSON",
      breaks: ["ARC-ROBUST-call"],
    },
    withMac((key) => ({
      verify(buffer, start, end, ...rest) {
        const isRight = key.verify(buffer, start, end, ...rest);
        const zero = buffer.indexOf(0, start);
        const isText = buffer[start] === 0x7b && zero === end - 7;
        if (isRight && isText && !isParsed(new TextDecoder().decode(buffer.subarray(start, zero)))) crash("no JSON");
        return isRight;
      },
    })),
  ),
  (() => {
    let hangUp = () => {};
    return peerMutant({
      id: "robustness/peer-leaves-at-bad-json",
      broken: "leaves its server when something comes from there that is no JSON",
      breaks: ["ARC-ROBUST-call"],
    }, {
      link(link) {
        hangUp = () => link.close("it has met no JSON");
        return link;
      },
      message(unit) {
        if (!isParsed(new TextDecoder().decode(unit))) hangUp();
      },
    });
  })(),
  peerMutant(
    {
      id: "robustness/peer-answers-noise",
      broken: "tells whoever sends it noise that it was noise",
      breaks: ["ARC-ROBUST-amplification"],
    },
    receiving((unit, answer) => {
      if (unit[0] >= 0x80 && unit.length >= 16) return false;
      answer(new TextEncoder().encode('{"type":"ERROR","code":"bad_message","message":"noise","timestamp":1}'));
      return true;
    }),
  ),
  peerMutant({
    id: "robustness/peer-deaf-after-noise",
    broken: "reads nothing more from its socket once it has read a unit of no class",
    breaks: ["ARC-ROBUST-call"],
  }, {
    transport(transport) {
      let isDeaf = false;
      const deafened = receiving((unit) =>
        isDeaf ||= unit[0] < 0x14 || (unit[0] > 0x3f && unit[0] !== 0x7b && unit[0] < 0x80)
      );
      return deafened.transport?.(transport) ?? transport;
    },
  }),
  (() => {
    let isBusy = false;
    const late = receiving(() => isBusy);
    return peerMutant({
      id: "robustness/peer-busy-with-escapes",
      broken: "is busy with a message of backslashes for ever",
      breaks: ["ARC-ROBUST-time"],
    }, {
      transport(transport) {
        isBusy = false;
        return late.transport?.(transport) ?? transport;
      },
      message: (unit) => isBusy ||= new TextDecoder().decode(unit).includes(MANY_BACKSLASHES),
    });
  })(),
];

export const ROBUSTNESS_MUTANTS: readonly Mutant[] = [
  ...PROGRAMS,
  ...OPS,
  ...SERVER_ROBUSTNESS_MUTANTS,
  ...RELAY_ROBUSTNESS_MUTANTS,
  ...PEERS,
];
