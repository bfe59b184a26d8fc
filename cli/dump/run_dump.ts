/** `arcrtc dump`: reads a capture and writes the units that pass. */
import type { CapturedFrame } from "../../lib/dissect/capture/captured_frame.ts";
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import { EXIT, type ExitCode } from "../exit_codes.ts";
import { onInterrupt } from "../peer/interrupt.ts";
import { CliError } from "../ui/cli_error.ts";
import { chooseCrypto } from "../ui/crypto_backend.ts";
import type { Io } from "../ui/io.ts";
import { CapturePass } from "./capture_pass.ts";
import { type CaptureSource, openSource } from "./capture_source.ts";
import type { DumpFlags } from "./dump_flags.ts";
import { DumpKeys } from "./dump_keys.ts";
import { fileOutputOf } from "./file_outputs.ts";
import { readFieldNames, readFilter } from "./filter_flag.ts";
import { type Follow, parseFollow } from "./follow.ts";
import { isTable, outputOf } from "./outputs.ts";
import { passedOverText } from "./passed_over.ts";
import { Progress } from "./progress.ts";
import { readSignaling } from "./read_signaling.ts";
import { TextBuffer } from "./text_buffer.ts";
import { parseTimeBound } from "./time_bound.ts";
import { DEFAULT_COLUMNS } from "./unit_table.ts";

/** Fields that come from signaling, which may stand behind the media that it is about. */
const JOINED_FIELDS = ["session", "stream", "sender", "role"];

/** Reports that do. */
const JOINED_REPORTS = ["streams", "calls", "check", "report", "redact", "export"] as const;

type UnitTest = (unit: UnitModel) => boolean;

/** `path` is undefined where the flags say to listen. @throws CliError */
export async function runDump(path: string | undefined, flags: DumpFlags, io: Io): Promise<ExitCode> {
  const filter = flags.filter === undefined ? undefined : readFilter(flags.filter);
  const follow = flags.follow === undefined ? undefined : parseFollow(flags.follow);
  const columns = flags.fields === undefined ? DEFAULT_COLUMNS : readFieldNames(flags.fields);
  const passes = allOf([filter?.test, follow && ((unit) => follow.test(unit)), timeTest(flags)]);
  const out = new TextBuffer((bytes) => io.stdout(bytes));
  const note = (text: string) => {
    if (flags.quiet) return;
    out.flush();
    io.stderr(`note: ${text}\n`);
  };
  const source = path === undefined ? await listenTo(flags, note) : openSource(path, io);
  const needsJoin = JOINED_REPORTS.some((name) => flags[name] !== undefined && flags[name] !== false) ||
    (follow !== undefined && follow.kind !== "ssrc") ||
    JOINED_FIELDS.some((name) => filter?.fields.has(name) || (isTable(flags) && columns.includes(name)));
  const keys = new DumpKeys(() => chooseCrypto(io, flags.crypto).backend);
  if (flags.keylog !== undefined) await keys.readFile(flags.keylog, io, note);
  const registry = needsJoin && !source.isLive ? await readSignaling(source, keys) : undefined;
  const kept = path === undefined ? await keptCapture(flags, source, io) : undefined;
  const writeFiles = kept === undefined ? fileOutputOf(flags) : undefined;
  if (writeFiles !== undefined) return await writeFiles({ source, keys, registry, passes, note }, io);

  const output = await outputOf(flags, columns, source.name, out, io);
  let shown = 0;
  let seen = 0;
  const events = {
    unit: (unit: UnitModel) => {
      seen++;
      if (passes !== undefined && !passes(unit)) return;
      output.unit(unit);
      if (++shown === flags.count) pass.stop();
    },
    note,
    frame: (frame: CapturedFrame) => kept?.frame(frame),
    chunk: () => {
      if (!source.isLive) return;
      out.flush();
      kept?.flush();
    },
  };
  const pass: CapturePass = new CapturePass(events, registry === undefined ? { keys } : { keys, registry });
  let isFound = false;
  let isInterrupted = false;
  const stopListening = onInterrupt(() => {
    isInterrupted = true;
    source.stop();
  });
  try {
    await pass.run(source, source.isLive || flags.quiet ? undefined : new Progress(io, source.sizeBytes));
    if (shown > 0) isFound = output.end?.(pass) === true;
  } finally {
    stopListening();
    source.stop();
    out.flush();
    kept?.close();
  }
  if (kept !== undefined) note(`${kept.packets} packets written to ${kept.name}`);
  if (source.summary !== undefined) {
    note(`${shown} of ${seen} units shown, in ${pass.dissector.packets} packets`);
    for (const line of source.summary()) note(line);
  }
  if (isInterrupted && source.endsByInterrupt !== true) return EXIT.interrupted;
  const code = verdict(pass, { seen, shown, follow, flags, source }, io);
  return isFound ? EXIT.finding : code;
}

async function listenTo(flags: DumpFlags, note: (text: string) => void): Promise<CaptureSource> {
  const { openTaps } = await import("./open_taps.ts");
  return openTaps(flags, note);
}

/** Beside what is shown of the traffic that is listened to, all of it as a capture; as standard output it is all there is. */
async function keptCapture({ write }: DumpFlags, source: CaptureSource, io: Io) {
  if (write === undefined || write === "-") return undefined;
  const { CaptureOutput } = await import("./capture_output.ts");
  return new CaptureOutput(write, source.name, io);
}

function allOf(tests: readonly (UnitTest | undefined)[]): UnitTest | undefined {
  const [first, second, ...more] = tests.filter((test) => test !== undefined);
  if (first === undefined || second === undefined) return first;
  return allOf([(unit) => first(unit) && second(unit), ...more]);
}

function timeTest({ from, to }: DumpFlags): UnitTest | undefined {
  const start = from === undefined ? undefined : parseTimeBound("--from", from);
  const end = to === undefined ? undefined : parseTimeBound("--to", to);
  if (start === undefined && end === undefined) return undefined;
  return (unit) => (start === undefined || start(unit) >= 0) && (end === undefined || end(unit) <= 0);
}

interface Outcome {
  readonly seen: number;
  readonly shown: number;
  readonly follow: Follow | undefined;
  readonly flags: DumpFlags;
  readonly source: CaptureSource;
}

/** Says on standard error what the output does not show. @throws CliError where nothing was shown. */
function verdict(pass: CapturePass, { seen, shown, follow, flags, source }: Outcome, io: Io): ExitCode {
  const { reader, dissector, modeller } = pass;
  const isCut = shown === flags.count;
  if (!flags.quiet && !isCut) {
    for (const line of passedOverText(dissector.passedOver)) io.stderr(`note: ${line}\n`);
    const { dialect, reasons } = modeller.evidence.verdict();
    if (dialect !== undefined && dialect !== "arcrtc-1.0") {
      io.stderr(`note: dialect ${dialect}: ${reasons.join("; ")}\n`);
    }
  }
  if (reader.fault !== undefined) {
    const read = dissector.packets === 0
      ? ""
      : `; the ${dissector.packets} packets before byte ${reader.fault.offset} were read`;
    io.stderr(`error: ${source.name}: ${reader.fault.message}${read}\n`);
    return EXIT.finding;
  }
  if (shown > 0) return EXIT.ok;
  if (seen === 0) throw new CliError("nothingSelected", `${source.name} has no units in ${dissector.packets} packets`);
  const what = follow?.value === undefined ? "" : ` of ${follow.kind} ${follow.value}`;
  throw new CliError("nothingSelected", `none of the ${seen} units${what} passes`);
}
