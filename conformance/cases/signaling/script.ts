/**
 * Scripts of `signaling.run`: what a peer or a server is told at which virtual time, and what is due of it.
 *
 * ```ts
 * callee("a stop of no stream", [at(50, streamStop(ANNA, T + 50))], sent("ERROR", { code: "unknown_stream" }))
 * ```
 */
import { toHex } from "../../../lib/base/bytes.ts";
import type { Check } from "../../case.ts";
import { answersWith, brief } from "../../expect.ts";
import type { Voice } from "../../drive/world.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import { CALLEE, CALLER, epochs, OFFERED_AUTHENTICATION, OFFERED_ENCRYPTION, SESSION } from "../../vectors/party.ts";
import { connect, connectAck } from "../messages.ts";

/** Unix time at virtual time 0. */
export const T = 1_700_000_000_000;

/** The two of the session; Anna's peer_id is the lower one. */
export const ANNA: Voice = { sessionId: SESSION, peerId: CALLER };
export const BEN: Voice = { sessionId: SESSION, peerId: CALLEE };
export const CARL: Voice = { sessionId: SESSION, peerId: "cccccccc-cccc-4ccc-8ccc-cccccccccccc" };
export const OTHER_SESSION = "22222222-2222-4222-8222-222222222222";

/** What Anna offers where the keys are known beforehand, see `party.ts`. */
export const OFFER = {
  codecs: ["opus", "vp9"],
  resolutions: [],
  encryption: OFFERED_ENCRYPTION,
  transport: ["udp"],
  authentication: OFFERED_AUTHENTICATION,
};

export interface Sent {
  readonly at_ms: number;
  readonly to?: string;
  readonly message: Json;
}

/** What a testee did in a run. */
export interface Run {
  readonly outputs: readonly Sent[];
  readonly state: string;
  readonly closed: readonly { readonly at_ms: number; readonly to: string }[];
  /** Of peers that are connected. */
  readonly identity_verified: boolean | undefined;
  /** Of peers: what their HEARTBEATs have measured. */
  readonly round_trips: readonly { readonly at_ms: number; readonly rtt_ms: number }[];
}

/** One thing that is due of a run; `problem` is undefined where it is so. */
export interface Due {
  readonly expected: string;
  readonly problem: (run: Run) => string | undefined;
}

export type Input = Json & { readonly at_ms: number };

export interface Script {
  readonly role: "caller" | "callee" | "server";
  readonly config?: Json;
  readonly inputs: readonly Input[];
}

/** A message at its time, of a channel where there are several. */
export function at(at_ms: number, message: Json, from?: string): Input {
  return { at_ms, message, ...(from === undefined ? {} : { from }) };
}

export function command(at_ms: number, name: string, fields: Json = {}): Input {
  return { at_ms, command: name, ...fields };
}

/** What a testee is asked that runs a script. */
export function runOf({ role, config = {}, inputs }: Script) {
  return { op: "signaling.run", role, config: { unix_start_ms: T, ...config }, inputs };
}

export function script(name: string, whole: Script, ...dues: readonly Due[]): Check {
  return {
    name,
    request: runOf(whole),
    ...answersWith(dues.map(({ expected }) => expected).join("; "), (value) => {
      const run = readRun(value);
      if (run === undefined) return "there are no outputs";
      for (const { expected, problem } of dues) {
        const found = problem(run);
        if (found !== undefined) return `${expected}: ${found}`;
      }
    }),
  };
}

/** A script that goes on with what was sent in it. */
export function scriptThen(check: Check, then: (run: Run) => readonly Check[]): Check {
  return { ...check, then: (value) => then(readRun(value) ?? NOTHING) };
}

const [FIRST] = epochs();

/** Ben, who has been called by Anna at 0 and is connected, in a script that begins there. */
export function callee(name: string, inputs: readonly Input[], ...dues: readonly Due[]): Check {
  return calleeWith(name, {}, [at(0, annasConnect()), ...inputs], ...dues);
}

/** Ben, who waits. */
export function calleeWith(name: string, config: Json, inputs: readonly Input[], ...dues: readonly Due[]): Check {
  const keys = epochs().map(({ callee }) => toHex(callee.privateKey));
  const all = { session_id: SESSION, peer_id: CALLEE, private_keys: keys, ...config };
  return script(name, { role: "callee", config: all, inputs }, ...dues);
}

/** Anna, who calls at 0. */
export function caller(name: string, config: Json, inputs: readonly Input[], ...dues: readonly Due[]): Check {
  const all = { session_id: SESSION, peer_id: CALLER, private_keys: [toHex(FIRST.caller.privateKey)], ...config };
  return script(name, { role: "caller", config: all, inputs }, ...dues);
}

/** Anna, who called at 0 and was answered at 10. */
export function connectedCaller(name: string, inputs: readonly Input[], ...dues: readonly Due[]): Check {
  return caller(name, {}, [at(10, connectAck(BEN, T + 10)), ...inputs], ...dues);
}

export function annasConnect(fields: Json = {}): Json {
  return connect(ANNA, T, { capabilities: OFFER, ...fields });
}

/** What there is to see of a testee that answers something else. */
export const NOTHING: Run = { outputs: [], state: "", closed: [], identity_verified: undefined, round_trips: [] };

/** The run as the interface says; undefined where it is something else. */
export function readRun(value: Json): Run | undefined {
  const { outputs, state, closed, identity_verified, round_trips } = value;
  if (!Array.isArray(outputs) || !outputs.every(isSent)) return undefined;
  return {
    outputs,
    state: String(state),
    closed: Array.isArray(closed) ? closed : [],
    identity_verified: typeof identity_verified === "boolean" ? identity_verified : undefined,
    round_trips: Array.isArray(round_trips) ? round_trips : [],
  };
}

function isSent(value: unknown): value is Sent {
  return isJson(value) && typeof value.at_ms === "number" && isJson(value.message);
}

/** From when on, and to which channel. */
export interface Where {
  readonly fromMs?: number;
  readonly to?: string;
}

export function messagesOf({ outputs }: Run, type: string, { fromMs = 0, to }: Where = {}): readonly Sent[] {
  return outputs.filter((sent) =>
    sent.message.type === type && sent.at_ms >= fromMs && (to === undefined || sent.to === to)
  );
}

/** The codes of the ERRORs that were sent, and the reasons of refusals in CONNECT_ACK. */
export function refusalsIn(run: Run): readonly string[] {
  const refused = messagesOf(run, "CONNECT_ACK").filter(({ message }) => message.accepted === false);
  return [
    ...messagesOf(run, "ERROR").map(({ message }) => message.code),
    ...refused.map(({ message }) => message.reason),
  ]
    .map(String);
}

/** A message of the type with these fields among its own, as deep as they go. */
export function sent(type: string, fields: Json = {}, where: Where = {}): Due {
  return {
    expected: `${type}${Object.keys(fields).length === 0 ? "" : ` with ${brief(fields)}`}${shown(where)}`,
    problem: (run) =>
      messagesOf(run, type, where).some(({ message }) => holds(fields, message)) ? undefined : `sent were ${all(run)}`,
  };
}

/** No message of the type, or none at all where it is left out. */
export function silent(where: Where = {}, ...types: readonly string[]): Due {
  return {
    expected: `no ${types.join(" or ") || "message"}${shown(where)}`,
    problem: (run) => {
      const found = run.outputs.find(({ at_ms, to, message }) =>
        at_ms >= (where.fromMs ?? 0) && (where.to === undefined || where.to === to) &&
        (types.length === 0 || types.includes(String(message.type)))
      );
      return found && `sent was ${brief(found)}`;
    },
  };
}

/** Exactly at these times. */
export function sentAt(type: string, ...times: readonly number[]): Due {
  return {
    expected: `${type} at ${times.join(", ")} ms`,
    problem: (run) => {
      const got = messagesOf(run, type).map(({ at_ms }) => at_ms);
      return got.join() === times.join() ? undefined : `it was at ${got.join(", ") || "no time"}`;
    },
  };
}

/** An ERROR with the code, in answer to the type; and nothing else in answer to it. */
export function refused(code: string, type: string, where: Where = {}): Due {
  return sent("ERROR", { code, in_reply_to: { type } }, where);
}

export function stateIs(...states: readonly string[]): Due {
  return {
    expected: `the state ${states.join(" or ")} in the end`,
    problem: ({ state }) => states.includes(state) ? undefined : `it is ${state}`,
  };
}

export function due(expected: string, problem: (run: Run) => string | undefined): Due {
  return { expected, problem };
}

/** Every member of `part` is in `whole`, objects by their members. */
function holds(part: unknown, whole: unknown): boolean {
  if (!isJson(part)) return JSON.stringify(part) === JSON.stringify(whole);
  return isJson(whole) && Object.entries(part).every(([name, value]) => holds(value, whole[name]));
}

function shown({ fromMs, to }: Where): string {
  return `${fromMs === undefined ? "" : ` from ${fromMs} ms on`}${to === undefined ? "" : ` to ${to}`}`;
}

function all({ outputs }: Run): string {
  return brief(
    outputs.map(({ at_ms, to, message: { type, code } }) =>
      [at_ms, to, type, code].filter((part) => part !== undefined).join(" ")
    ),
  );
}
