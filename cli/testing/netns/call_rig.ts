/** Real `arcrtc serve`, `relay` and `peer` processes in a small internet, and what comes of calls between homes. */
import { uuidV4 } from "../../../lib/base/uuid.ts";
import { toHex } from "../../../lib/base/bytes.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import { SECRET as JWT_SECRET, token } from "../../../lib/net/testing/signaling_rig.ts";
import { ArcrtcProcess, type Line } from "../../peer/testing/arcrtc_process.ts";
import { type Home, Internet, type PublicHost } from "./internet.ts";

const SERVER_PORT = 7480;
export const RELAY_PORT = 3478;

/** One relay, on a host of its own. */
export interface RelayHost extends PublicHost {
  readonly id: string;
  readonly process: ArcrtcProcess;
}

/** One end of a call while it runs. */
export interface RunningPeer {
  readonly process: ArcrtcProcess;
  readonly home: Home;
}

export interface RunningCall {
  readonly caller: RunningPeer;
  readonly callee: RunningPeer;
}

/** One end of a call that is over. */
export interface PeerOutcome {
  readonly code: number;
  readonly stderr: string;
  /** Every event, the summary last. */
  readonly lines: readonly Line[];
  readonly summary: Line;
  /** Kinds of the paths that media took, in turn. */
  readonly chosen: readonly string[];
}

export interface CallOutcome {
  readonly caller: PeerOutcome;
  readonly callee: PeerOutcome;
}

export class CallRig {
  readonly internet = new Internet();
  readonly relays: RelayHost[] = [];
  readonly #rng = new SystemRng();
  readonly #processes: ArcrtcProcess[] = [];
  #server: PublicHost | undefined;

  /** A server, and relays that it hands out. */
  static async start(relays = 2): Promise<CallRig> {
    const rig = new CallRig();
    try {
      await rig.#start(relays);
      return rig;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  async #start(count: number): Promise<void> {
    const secret = toHex(this.#rng.fill(new Uint8Array(16)));
    for (let i = 1; i <= count; i++) {
      const host = this.internet.host(`relay${i}`);
      const ports = ["--udp-port", String(RELAY_PORT), "--tcp-port", String(RELAY_PORT)];
      const process = this.#run(host.namespace, ["relay", "--secret", secret, "--host", host.ip, ...ports, "--json"]);
      this.relays.push({ ...host, id: `relay-${i}`, process });
    }
    await Promise.all(this.relays.map(({ process }) => process.event("listening")));
    const server = this.internet.host("server");
    const sites = this.relays.map(({ id, ip }) => `${id}@${ip}:${RELAY_PORT};tcp=${RELAY_PORT}`);
    const relayed = ["--relay", sites.join(","), "--relay-secret", secret];
    const listen = ["--host", server.ip, "--port", String(SERVER_PORT), "--auth-secret", JWT_SECRET];
    const process = this.#run(server.namespace, ["serve", ...listen, ...relayed, "--json"]);
    await process.event("listening");
    this.#server = server;
  }

  /** Starts a call; the caller ends it after `seconds`. */
  async dial(callerHome: Home, calleeHome: Home, seconds: number): Promise<RunningCall> {
    const session = uuidV4(this.#rng);
    const start = async (home: Home, role: "call" | "listen", extra: readonly string[]): Promise<RunningPeer> => {
      const peer = uuidV4(this.#rng);
      const env = { ARCRTC_TOKEN: await token({ session, peer }) };
      const ids = ["--session", session, "--peer-id", peer];
      const signal = ["--signal", `ws://${this.#server?.ip}:${SERVER_PORT}/plain`];
      const media = ["--send", "test:audio", "--explain-path", "--json", "--wait", "20s"];
      return { home, process: this.#run(home.inside, ["peer", role, ...signal, ...ids, ...media, ...extra], env) };
    };
    const callee = await start(calleeHome, "listen", []);
    const caller = await start(callerHome, "call", ["--duration", `${seconds}s`]);
    return { caller, callee };
  }

  /** Waits for the end of a call. */
  async over({ caller, callee }: RunningCall): Promise<CallOutcome> {
    const [callerEnd, calleeEnd] = await Promise.all([outcomeOf(caller.process), outcomeOf(callee.process)]);
    return { caller: callerEnd, callee: calleeEnd };
  }

  async call(caller: Home, callee: Home, seconds: number): Promise<CallOutcome> {
    return await this.over(await this.dial(caller, callee, seconds));
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.kill()));
    this.internet.close();
  }

  #run(namespace: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ArcrtcProcess {
    const process = new ArcrtcProcess(args, env, namespace);
    this.#processes.push(process);
    return process;
  }
}

async function outcomeOf(process: ArcrtcProcess): Promise<PeerOutcome> {
  const { code, stderr, summary } = await process.end();
  const { lines } = process;
  const chosen = lines.filter(({ event, change }) => event === "path" && change === "chosen").map(({ kind }) => kind);
  return { code, stderr, lines, summary, chosen };
}
