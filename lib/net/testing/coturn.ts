/** coturn as benches have it beside the relay: on loopback, one thread, without credentials. */
import type { HostPort } from "../../base/address_table.ts";

export interface Coturn {
  readonly pid: number;
  readonly place: HostPort;
  stop(): Promise<void>;
}

/**
 * `before` goes in front of the command, as `taskset` does; `port` must be free. Undefined where there is no coturn.
 */
export async function startCoturn(port: number, before: readonly string[] = []): Promise<Coturn | undefined> {
  const place = { host: "127.0.0.1", port };
  const where = ["--listening-ip", place.host, "--relay-ip", place.host, "--listening-port", String(port)];
  const alone = ["--relay-threads", "1", "--no-tls", "--no-dtls", "--no-tcp", "--no-cli"];
  const open = ["--no-auth", "--allow-loopback-peers", "--no-stdout-log", "--log-file", "/dev/null"];
  const directory = await Deno.makeTempDir();
  const files = ["--pidfile", `${directory}/pid`, "--db", `${directory}/db`];
  const [program, ...args] = [...before, "turnserver", "-n", ...where, ...alone, ...open, ...files];
  try {
    await new Deno.Command("turnserver", { args: ["--version"], stdout: "null", stderr: "null" }).output();
    const child = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
    return {
      pid: child.pid,
      place,
      async stop() {
        child.kill("SIGKILL");
        await child.status;
        await Deno.remove(directory, { recursive: true });
      },
    };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await Deno.remove(directory, { recursive: true });
    return undefined;
  }
}
