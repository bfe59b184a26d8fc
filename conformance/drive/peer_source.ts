/** Where peers under test come from: each dialogue has one of its own, that is told whom to meet. */
import { splitCommand } from "../testee/subprocess.ts";

export type PeerRole = "caller" | "callee";

/** What a peer is told. */
export interface PeerMeeting {
  readonly role: PeerRole;
  /** `tcp://127.0.0.1:PORT`, where the suite is the signaling server. */
  readonly signalUrl: string;
  readonly sessionId: string;
  readonly peerId: string;
}

export interface RunningPeer {
  /** Resolves when it has ended by itself or was stopped, with how. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

export interface PeerSource {
  /** For people. */
  readonly description: string;
  readonly roles: readonly PeerRole[];
  /** Only for a role of `roles`. */
  start(meeting: PeerMeeting): RunningPeer;
}

/** What `--peer-call` and `--peer-listen` may hold. */
export const PLACEHOLDERS = ["{signal}", "{session}", "{peer}"] as const;

/** A command for each role, started for each dialogue with its {@link PLACEHOLDERS} filled in. */
export function peerCommands(commands: Readonly<Partial<Record<PeerRole, string>>>): PeerSource {
  const roles = (["caller", "callee"] as const).filter((role) => commands[role] !== undefined);
  return {
    description: roles.map((role) => `${role} '${commands[role]}'`).join(", "),
    roles,
    start({ role, signalUrl, sessionId, peerId }) {
      const fill = (word: string) =>
        word.replaceAll("{signal}", signalUrl).replaceAll("{session}", sessionId).replaceAll("{peer}", peerId);
      const [program = "", ...args] = splitCommand(commands[role] ?? "").map(fill);
      const child = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
      const ended = child.status.then(({ code, signal }) => signal ?? `exit code ${code}`);
      return {
        ended,
        async stop() {
          try {
            child.kill("SIGKILL");
          } catch {
            // It has ended by itself.
          }
          await ended;
        },
      };
    },
  };
}
