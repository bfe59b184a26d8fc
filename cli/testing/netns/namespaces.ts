/** Network namespaces of this machine, made for a test and always taken away again. Needs `ip`, `nft` and their rights. */

/** Runs a program to its end; throws with its words where it fails. */
export function runProgram(program: string, args: readonly string[], input = ""): string {
  const directory = input === "" ? undefined : Deno.makeTempDirSync();
  try {
    // Programs that read standard input are given a file: `outputSync` has no other way in.
    const file = directory === undefined ? [] : [`${directory}/input`];
    if (directory !== undefined) Deno.writeTextFileSync(file[0], input);
    const { code, stdout, stderr } = new Deno.Command(program, {
      args: [...args, ...file],
      stdout: "piped",
      stderr: "piped",
    }).outputSync();
    const text = new TextDecoder();
    if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${text.decode(stderr).trim() || `exit ${code}`}`);
    return text.decode(stdout);
  } finally {
    if (directory !== undefined) Deno.removeSync(directory, { recursive: true });
  }
}

let made = 0;

/** Namespaces that go together; {@link close} takes all of them away, and so does the end of the process. */
export class Namespaces {
  /** Nobody else's: of this process, and of this set among its own. */
  readonly #prefix = `arcrtc-${Deno.pid}-${++made}-`;
  readonly #names: string[] = [];
  readonly #atEnd = () => this.close();

  constructor() {
    removeAbandoned();
    globalThis.addEventListener("unload", this.#atEnd);
  }

  /** A namespace with its loopback up; answers its name. */
  add(name: string): string {
    const full = this.#prefix + name;
    runProgram("ip", ["netns", "add", full]);
    this.#names.push(full);
    this.ip(full, "link set lo up");
    return full;
  }

  /** A cable: `a` and `b` are its ends' names in their namespaces. */
  connect(namespaceA: string, a: string, namespaceB: string, b: string): void {
    const ends = ["link", "add", a, "netns", namespaceA, "type", "veth", "peer", "name", b, "netns", namespaceB];
    runProgram("ip", ends);
    this.ip(namespaceA, `link set ${a} up`);
    this.ip(namespaceB, `link set ${b} up`);
  }

  /** `ip` inside of a namespace. */
  ip(namespace: string, command: string): void {
    runProgram("ip", ["-n", namespace, ...command.split(" ")]);
  }

  /** Replaces all rules of a namespace's firewall. */
  rules(namespace: string, rules: string): void {
    runProgram("ip", ["netns", "exec", namespace, "nft", "-f"], `flush ruleset\n${rules}`);
  }

  forwards(namespace: string): void {
    runProgram("ip", ["netns", "exec", namespace, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
  }

  close(): void {
    globalThis.removeEventListener("unload", this.#atEnd);
    for (const name of this.#names.splice(0)) {
      try {
        runProgram("ip", ["netns", "del", name]);
      } catch (error) {
        console.error(`a namespace is left: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
}

/** Takes away what processes left that were killed: their number is in the name. */
function removeAbandoned(): void {
  for (const line of runProgram("ip", ["netns", "list"]).split("\n")) {
    const [name] = line.split(" ");
    const pid = /^arcrtc-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    try {
      runProgram("ip", ["netns", "del", name]);
    } catch {
      // Somebody else was faster.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    Deno.statSync(`/proc/${pid}`);
    return true;
  } catch {
    return false;
  }
}

const TRIAL_RULES = `table ip nat {
  chain post { type nat hook postrouting priority 100; masquerade random; }
}`;

/** Why there can be no namespaces here; undefined where there can. Tries it out. */
export function namespacesAbsent(): string | undefined {
  let namespaces: Namespaces | undefined;
  try {
    namespaces = new Namespaces();
    const [one, other] = [namespaces.add("one"), namespaces.add("other")];
    namespaces.connect(one, "eth0", other, "eth0");
    namespaces.ip(one, "link add br0 type bridge");
    namespaces.forwards(one);
    namespaces.rules(one, TRIAL_RULES);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split("\n")[0] : String(error);
  } finally {
    namespaces?.close();
  }
}
