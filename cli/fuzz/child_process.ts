/** Processes of this program's own that run targets: a loop without end ends with them, and with nothing else. */
import { ownCommand } from "../own_program.ts";
import { LineProcess } from "./line_process.ts";

/** `cases`: single ones, see case_process.ts; `targets`: the fuzzing itself, see fuzz_process.ts. */
export type ChildKind = "cases" | "targets";

/** Targets are pure: they read fixtures and nothing else. Coverage comes through the inspector. */
const PERMISSIONS: Readonly<Record<ChildKind, readonly string[]>> = {
  cases: ["--allow-read"],
  targets: ["--allow-read", "--allow-sys"],
};

/** The corpus of a target is one line at the end. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;

export function startChild(kind: ChildKind): LineProcess {
  return new LineProcess(ownCommand(PERMISSIONS[kind], ["fuzz", "child", kind]), MAX_LINE_BYTES);
}
