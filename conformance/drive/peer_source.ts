/** Where peers under test come from: each dialogue has one of its own, that is told whom to meet. */
import { formatHostPort, type HostPort } from "../../lib/base/address_table.ts";
import { PLAIN_PATH } from "../../lib/net/signaling_routes.ts";
import { PEER_WAYS, type PeerWay, type PeerWays } from "./peer_way.ts";
import { splitCommand } from "../testee/subprocess.ts";
import { fillIn, type RunningProgram, startProgram } from "./program.ts";

export type PeerRole = "caller" | "callee";

/** `{signal}`: where the suite is the signaling server. */
export function signalUrl(way: PeerWay, place: HostPort): string {
  const at = formatHostPort(place);
  switch (way) {
    case "tcp":
      return `tcp://${at}`;
    case "phoenix":
      // The path is the protocol's (SPEC ARC-TRANSPORT-phoenix-url).
      return `ws://${at}`;
    case "plain":
      return `ws://${at}${PLAIN_PATH}`;
  }
}

/** A relay over UDP that a peer knows before it connects. */
export interface KnownRelay {
  readonly id: string;
  readonly place: HostPort;
  readonly priority: number;
  readonly token: string;
  readonly expiresS: number;
}

/** What a peer is told. */
export interface PeerMeeting {
  readonly role: PeerRole;
  /** Of {@link signalUrl}. */
  readonly signalUrl: string;
  readonly sessionId: string;
  readonly peerId: string;
  /** Only where the source takes one. */
  readonly relay?: KnownRelay;
  /** PEM of whom to trust as a relay over TLS; only where the source takes it. */
  readonly caPem?: string;
  /** The JWT that the server wants; only where the source takes it. */
  readonly token?: string;
}

/** What a peer is told in some dialogues only, and which placeholders a command needs for it. */
const PLACES = { relay: ["{relay}", "{relay_token}"], ca: ["{ca}"], token: ["{token}"] } as const;

export type Telling = keyof typeof PLACES;

export interface PeerSource {
  /** For people. */
  readonly description: string;
  readonly roles: readonly PeerRole[];
  /** What its peers speak to their server; the first where a dialogue does not mind. */
  readonly ways: PeerWays;
  /** A peer in this role can be told of it. */
  takes(role: PeerRole, what: Telling): boolean;
  /** Only for a role of `roles`. */
  start(meeting: PeerMeeting): RunningProgram;
}

const FLAGS: Readonly<Record<PeerRole, string>> = { caller: "--peer-call", callee: "--peer-listen" };

/** Why a case is skipped that needs what was not given. */
export const MISSING: Readonly<Record<PeerRole | Telling, (role: PeerRole) => string>> = {
  caller: (role) => `needs ${FLAGS[role]} 'CMD'`,
  callee: (role) => `needs ${FLAGS[role]} 'CMD'`,
  relay: (role) => `needs {relay} and {relay_token} in ${FLAGS[role]}: a relay that the peer knows before it connects`,
  ca: (role) => `needs {ca} in ${FLAGS[role]}: a file with the authority of relays over TLS`,
  token: (role) => `needs {token} in ${FLAGS[role]}: what the signaling server wants to see`,
};

/**
 * A command for each role, started for each dialogue with its placeholders filled in: `{signal}`, `{session}`, `{peer}`.
 * A word with `{relay}` (HOST:PORT), `{relay_token}`, `{ca}` (a PEM file) or `{token}` in it is left out where a dialogue
 * has none.
 */
export function peerCommands(
  commands: Readonly<Partial<Record<PeerRole, string>>>,
  ways: PeerWays = PEER_WAYS,
): PeerSource {
  const roles = (["caller", "callee"] as const).filter((role) => commands[role] !== undefined);
  return {
    description: roles.map((role) => `${role} '${commands[role]}'`).join(", "),
    roles,
    ways,
    takes(role, what) {
      return PLACES[what].every((place) => commands[role]?.includes(place));
    },
    start(meeting) {
      const caFile = meeting.caPem === undefined ? undefined : Deno.makeTempFileSync({ suffix: ".pem" });
      if (caFile !== undefined) Deno.writeTextFileSync(caFile, meeting.caPem ?? "");
      const forget = () => caFile !== undefined && Deno.removeSync(caFile);
      let program: RunningProgram;
      try {
        program = startProgram(wordsOf(commands[meeting.role] ?? "", meeting, caFile));
      } catch (error) {
        forget();
        throw error;
      }
      return { ...program, ended: program.ended.finally(forget) };
    },
  };
}

/** The words of a command with its placeholders filled in; those whose value is not there are left out. */
export function wordsOf(command: string, meeting: PeerMeeting, caFile?: string): readonly string[] {
  const { signalUrl: signal, sessionId: session, peerId: peer, relay, token } = meeting;
  return fillIn(splitCommand(command), {
    signal,
    session,
    peer,
    relay: relay && formatHostPort(relay.place),
    relay_token: relay?.token,
    ca: caFile,
    token,
  });
}
