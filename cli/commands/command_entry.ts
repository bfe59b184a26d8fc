import type { Command } from "commander";
import type { Io } from "../ui/io.ts";

/** What a subcommand's file exports; see registry.ts for the table of them. */
export interface CommandModule {
  /**
   * Builds the subcommand: flags, arguments, help and action. The action answers through `done` with the exit code
   * that the program ends with; what it throws as a `CliError` is printed with its hint.
   */
  build(create: (name: string) => Command, context: CommandContext): Command;
}

export interface CommandContext {
  readonly io: Io;
  /** Sets the exit code; 0 unless called. */
  done(exitCode: number): void;
}

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Deno permissions that the subcommand needs; README's table is made from it. */
  readonly permissions: string;
  /** What it needs besides for the native backends; without it, it takes the portable ones. */
  readonly nativePermissions?: string;
  /** It has no end of its own, so its own tests run the examples of its help. */
  readonly runsUntilStopped?: true;
  /** Loaded only when the subcommand is named: start-up stays short. */
  readonly load: () => Promise<CommandModule>;
}
