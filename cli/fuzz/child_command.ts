/** `arcrtc fuzz child`: what arcrtc fuzz starts itself as, hidden from people; see child_process.ts. */
import { Argument, type Command } from "commander";
import type { CommandContext } from "../commands/command_entry.ts";
import type { ChildKind } from "./child_process.ts";

const KINDS: readonly ChildKind[] = ["cases", "targets"];

export function addChildCommand(
  fuzz: Command,
  create: (name: string) => Command,
  { io }: CommandContext,
): Command {
  const child = create("child")
    .description("Runs targets for arcrtc fuzz, which starts it: JSON lines on the standard streams.")
    .addArgument(new Argument("<kind>", "what it runs").choices(KINDS))
    .action(async (kind: ChildKind) => {
      const { runCases, runTargets } = await import("./child_threads.ts");
      await (kind === "cases" ? runCases(io) : runTargets(io));
    });
  return fuzz.addCommand(child, { hidden: true });
}
