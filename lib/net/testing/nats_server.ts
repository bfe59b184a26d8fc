/** A `nats-server` of one's own on loopback, for tests; the program is from the system. */
import type { NatsAddress } from "../nats_bus.ts";

/** Why there is none; undefined where the program is. */
export const NATS_SERVER_ABSENT: string | undefined = absent();

function absent(): string | undefined {
  try {
    const { success } = new Deno.Command("nats-server", { args: ["--version"] }).outputSync();
    return success ? undefined : "nats-server does not start";
  } catch {
    return "nats-server is not installed";
  }
}

const LISTENS = /Listening for client connections on 127\.0\.0\.1:(\d+)/;

export class NatsServer {
  readonly address: NatsAddress;
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  private constructor(child: Deno.ChildProcess, port: number, reading: Promise<void>) {
    this.#child = child;
    this.address = { host: "127.0.0.1", port, tls: false };
    this.#reading = reading;
  }

  /** On this port, or any that is free; `args` are the program's own, to be let in for example. */
  static async start(port = -1, args: readonly string[] = []): Promise<NatsServer> {
    const child = new Deno.Command("nats-server", {
      args: ["--addr", "127.0.0.1", "--port", String(port), ...args],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let listens: (port: number) => void = () => {};
    let ends: (error: Error) => void = () => {};
    const listening = new Promise<number>((resolve, reject) => [listens, ends] = [resolve, reject]);
    const reading = (async () => {
      let text = "";
      for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
        text = (text + part).slice(-10_000);
        const found = LISTENS.exec(text);
        if (found !== null) listens(Number(found[1]));
      }
      ends(new Error(`nats-server has ended:\n${text}`));
    })();
    return new NatsServer(child, await listening, reading);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.address.port}`;
  }

  /** Harmless when called again. */
  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
    await this.#reading;
  }
}
