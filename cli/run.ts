/** argv -> command -> exit code. Everything that a command touches comes in through `Io`, so tests run it in-process. */
import { Command, CommanderError } from "commander";
import { COMMANDS } from "./commands/registry.ts";
import type { CommandEntry } from "./commands/command_entry.ts";
import { EXIT } from "./exit_codes.ts";
import { CliError } from "./ui/cli_error.ts";
import type { Io } from "./ui/io.ts";
import { nearestName } from "./ui/nearest_name.ts";
import { painter } from "./ui/style.ts";
import { PROTOCOL_VERSION, VERSION } from "./version.ts";

/** Runs one command line and answers its exit code (see exit_codes.ts); never throws, never exits the process. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = rootCommand(io);
  const context = { io, done: (code: number) => exitCode = code };
  const create = (name: string) => configure(new Command(name), io);
  try {
    const fields = await completedFields(args);
    if (fields !== undefined) {
      io.stdout(fields);
      return EXIT.ok;
    }
    for (const entry of await wanted(args)) {
      program.addCommand((await entry.load()).build(create, context));
    }
    if (isCompletion(args)) {
      const { default: tab } = await import("@bomb.sh/tab/commander");
      // The adapter's `complete` prints through console.log and exits by itself: it is the last thing to run.
      tab(program);
    }
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error, args, io);
  }
}

function rootCommand(io: Io): Command {
  const program = configure(new Command("arcrtc"), io)
    .description("Peer, server, relay, fuzzer, dumper, prober and conformance suite for the ArcRTC protocol.")
    .usage("<command> [options]")
    .helpCommand(false)
    // Otherwise the program's --verbose would take that of its commands away.
    .enablePositionalOptions()
    .option("-V, --version", "print the version (with --verbose: protocol, runtime and chosen backends)")
    .option("--verbose", "with --version: say more");
  program.addHelpText("after", () => rootHelp(io));
  program.action(async (options: { version?: boolean; verbose?: boolean }, command: Command) => {
    if (options.version) return io.stdout(await versionText(options.verbose ?? false));
    const unknown = command.args[0];
    if (unknown === undefined) {
      throw new CliError("usage", "no command given", "arcrtc --help lists the commands");
    }
    const near = nearestName(unknown, COMMANDS.map((entry) => entry.name));
    throw new CliError(
      "usage",
      `unknown command '${unknown}'`,
      near ? `did you mean 'arcrtc ${near}'?` : "arcrtc --help lists the commands",
    );
  });
  program.allowExcessArguments();
  return program;
}

function configure(command: Command, io: Io): Command {
  return command
    .exitOverride()
    .showHelpAfterError(false)
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => io.stdout(text),
      writeErr: () => {}, // reported once, by `report`, with the hint
      getOutHelpWidth: () => io.columns,
    });
}

function rootHelp(io: Io): string {
  const paint = painter(io, "stdout");
  const widest = Math.max("complete".length, ...COMMANDS.map((entry) => entry.name.length));
  const lines = COMMANDS.map((entry) => `  ${paint("cyan", entry.name.padEnd(widest))}  ${entry.summary}`);
  return [
    "",
    "Commands:",
    ...lines,
    `  ${paint("cyan", "complete".padEnd(widest))}  print a completion script: bash, zsh, fish or powershell`,
    "",
    "Examples:",
    "  arcrtc decode 80ef00010000000000000001000000004869     what is in this packet?",
    "  arcrtc explain ARC-RTP-arc-block                       quote the clause",
    "  arcrtc <command> --help                                flags and examples of a command",
    "",
  ].join("\n");
}

function isCompletion(args: readonly string[]): boolean {
  return args[0] === "complete";
}

/** What completes the names of fields, where such are being typed; the adapter does not know which word that is. */
async function completedFields(args: readonly string[]): Promise<string | undefined> {
  if (!isCompletion(args) || args[1] !== "--" || args[2] !== "dump") return undefined;
  const { fieldCompletions, takesFields } = await import("./dump/field_completion.ts");
  const words = args.slice(2);
  return takesFields(words) ? fieldCompletions(words) : undefined;
}

/** The commands to load: the named one, or all of them where completions need the whole tree. */
function wanted(args: readonly string[]): Promise<readonly CommandEntry[]> {
  if (isCompletion(args)) return Promise.resolve(COMMANDS);
  return Promise.resolve(COMMANDS.filter((entry) => entry.name === args[0]));
}

async function versionText(verbose: boolean): Promise<string> {
  if (!verbose) return `arcrtc ${VERSION}\n`;
  const { chooseCryptoBackend } = await import("../lib/net/crypto_choice.ts");
  const { chooseIo } = await import("../lib/net/udp_io.ts");
  const choice = chooseCryptoBackend("auto");
  const io = chooseIo("auto");
  return [
    `arcrtc ${VERSION}`,
    `protocol  ArcRTC ${PROTOCOL_VERSION}; dialects arcrtc-1.0, armoricore`,
    `runtime   deno ${Deno.version.deno}, v8 ${Deno.version.v8}, ${Deno.build.target}`,
    `crypto    ${choice.backend.name} (${choice.why})`,
    `io        ${io.name} (${io.why})`,
    "",
  ].join("\n");
}

/** Prints what went wrong and what to do next; answers the exit code. */
function report(error: unknown, args: readonly string[], io: Io): number {
  const paint = painter(io, "stderr");
  const say = (message: string, hint?: string) => {
    io.stderr(`${paint("red", "error:")} ${message}\n`);
    if (hint) io.stderr(`${paint("yellow", "hint:")} ${hint}\n`);
  };
  if (error instanceof CliError) {
    say(error.message, error.hint);
    return error.exitCode;
  }
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok;
    const command = COMMANDS.some((entry) => entry.name === args[0]) ? `arcrtc ${args[0]}` : "arcrtc";
    say(error.message.replace(/^error: /, ""), `${command} --help shows flags and examples`);
    return EXIT.usage;
  }
  say(error instanceof Error ? error.message : String(error), "this is a bug in arcrtc; the stack follows");
  if (error instanceof Error && error.stack) io.stderr(`${error.stack}\n`);
  return EXIT.internal;
}
