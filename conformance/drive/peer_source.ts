/** Where peers under test come from: each dialogue has one of its own, that is told whom to meet. */
import { splitCommand } from "../testee/subprocess.ts";
import { fillIn, type RunningProgram, startProgram } from "./program.ts";

export type PeerRole = "caller" | "callee";

/** What a peer is told. */
export interface PeerMeeting {
  readonly role: PeerRole;
  /** `tcp://127.0.0.1:PORT`, where the suite is the signaling server. */
  readonly signalUrl: string;
  readonly sessionId: string;
  readonly peerId: string;
}

export interface PeerSource {
  /** For people. */
  readonly description: string;
  readonly roles: readonly PeerRole[];
  /** Only for a role of `roles`. */
  start(meeting: PeerMeeting): RunningProgram;
}

/** A command for each role, started for each dialogue with `{signal}`, `{session}` and `{peer}` filled in. */
export function peerCommands(commands: Readonly<Partial<Record<PeerRole, string>>>): PeerSource {
  const roles = (["caller", "callee"] as const).filter((role) => commands[role] !== undefined);
  return {
    description: roles.map((role) => `${role} '${commands[role]}'`).join(", "),
    roles,
    start({ role, signalUrl, sessionId, peerId }) {
      const words = splitCommand(commands[role] ?? "");
      return startProgram(fillIn(words, { signal: signalUrl, session: sessionId, peer: peerId }));
    },
  };
}
