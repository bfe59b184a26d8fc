/**
 * What a case of the suite is: data with a small judge.
 *
 * A case has an id of words, `area/what-it-shows`, which never changes; the rules that it shows, the first of which
 * decides its level and clause; a title that says what a testee must do; and the facet of a testee that it needs.
 */
import type { PeerWorld } from "./drive/peer_world.ts";
import type { RelayWorld } from "./drive/relay_world.ts";
import type { ServerWorld } from "./drive/server_world.ts";
import type { Rng } from "../lib/base/rng.ts";
import type { Measure } from "./measure.ts";
import type { Answer, Json, OpRequest } from "./testee/answer.ts";
import type { Dialect } from "./testee/rtp_json.ts";

export interface CaseHead {
  /** `arcrtp/minimum-length`: the area, then lower-case words. */
  readonly id: string;
  /** Rules of SPEC.md; the first is the case's own. */
  readonly requirements: readonly string[];
  /** What a testee does that passes, as a sentence without its full stop. */
  readonly title: string;
  /** Dialects that the case is about; `arcrtc-1.0` alone where it is left out. */
  readonly dialects?: readonly Dialect[];
  /** It measures: it is run when all others are over, and nothing beside it. */
  readonly isAlone?: true;
}

/** Requests to the ops of a testee, each with a judge of its answer. */
export interface OpsCase extends CaseHead {
  readonly needs: "ops";
  /** Made anew for each run; pure, so that a seed makes the same again. */
  readonly checks: (setting: OpsSetting) => readonly Check[];
  /** What the answers, all of them right, have taken comes to. */
  readonly measures?: (took: readonly Took[]) => readonly Measure[];
}

/** How long the answer to a check took, the way there and back included. */
export interface Took {
  readonly name: string;
  readonly ms: number;
}

export interface OpsSetting {
  readonly dialect: Dialect;
  /** Seeded by the run's seed and the case's id. */
  readonly rng: Rng;
}

/** One request and what is due. */
export interface Check extends Expectation {
  /** Distinct in its case. */
  readonly name: string;
  readonly request: OpRequest;
  /** What is sent in place of the request, as it is: for lines that are none. */
  readonly line?: string;
  /** What to ask next, made of an `ok` that was right. */
  readonly then?: (value: Json) => readonly Check[];
}

export interface Expectation {
  /** For people. */
  readonly expected: string;
  /** What is wrong with an answer; undefined where nothing is. Never sees `unsupported`. */
  readonly judge: (answer: Answer) => string | undefined;
}

/** A dialogue over the network; `run` returns where all is well and throws through the world where it is not. */
interface DialogueCase<Facet extends string, World> extends CaseHead {
  readonly needs: Facet;
  readonly run: (world: World) => Promise<void>;
}

/** With a signaling server; the suite plays its peers. */
export type ServerCase = DialogueCase<"server", ServerWorld>;
/** With a relay; the suite plays bound peers, strangers and forgers. */
export type RelayCase = DialogueCase<"relay", RelayWorld>;
/** With a peer; the suite plays the other peer and what lies between. */
export type PeerCase = DialogueCase<"peer", PeerWorld>;

/** Passive: the rule over a capture of peers that nobody here controls. Judged by `lib/dissect/check`. */
export interface CaptureCase extends CaseHead {
  readonly needs: "capture";
}

export type Case = OpsCase | ServerCase | RelayCase | PeerCase | CaptureCase;

export type Facet = Case["needs"];

/** The area is the first part of the id. */
export function areaOf({ id }: CaseHead): string {
  return id.slice(0, id.indexOf("/"));
}
