/** What goes to files instead of the screen: captures and media. */
import type { SessionRegistry } from "../../lib/dissect/model/session_registry.ts";
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import type { ExitCode } from "../exit_codes.ts";
import { onInterrupt } from "../peer/interrupt.ts";
import type { Io } from "../ui/io.ts";
import type { CaptureSource } from "./capture_source.ts";
import type { DumpFlags } from "./dump_flags.ts";
import type { DumpKeys } from "./dump_keys.ts";

/** What there is to write from. */
export interface WriteTask {
  readonly source: CaptureSource;
  readonly keys: DumpKeys;
  /** What an earlier pass has learned; undefined where there was none. */
  readonly registry: SessionRegistry | undefined;
  /** Undefined: every packet, whatever it carries. */
  readonly passes: ((unit: UnitModel) => boolean) | undefined;
  readonly note: (text: string) => void;
}

type Writing = (task: WriteTask, io: Io) => Promise<ExitCode>;

/** Undefined where nothing is asked for. Ctrl-C ends the source, and what there is gets written. */
export function fileOutputOf(flags: DumpFlags): Writing | undefined {
  const write = writingOf(flags);
  if (write === undefined) return undefined;
  return async (task, io) => {
    const stopListening = onInterrupt(() => task.source.stop());
    try {
      return await write(task, io);
    } finally {
      stopListening();
    }
  };
}

function writingOf(flags: DumpFlags): Writing | undefined {
  const { export: directory, redact } = flags;
  if (directory !== undefined) {
    return async (task, io) => await (await import("./export_media.ts")).exportMedia(task, directory, flags, io);
  }
  if (redact !== undefined) {
    return async (task, io) => await (await import("./redact_capture.ts")).redactCapture(task, redact, io);
  }
  if (flags.write === undefined && flags.embedKeys === undefined) return undefined;
  return async (task, io) => await (await import("./write_capture.ts")).writeCapture(task, flags, io);
}
