/** `--diff A B`: reads both captures to their ends, then compares them. */
import { diffCaptures } from "../../../lib/dissect/diff/capture_diff.ts";
import { summarize } from "../../../lib/dissect/diff/diff_summary.ts";
import { UnitTape } from "../../../lib/dissect/diff/unit_tape.ts";
import { EXIT, type ExitCode } from "../../exit_codes.ts";
import { CliError } from "../../ui/cli_error.ts";
import { chooseCrypto } from "../../ui/crypto_backend.ts";
import type { Io } from "../../ui/io.ts";
import { CapturePass } from "../capture_pass.ts";
import { openSource } from "../capture_source.ts";
import type { DumpFlags } from "../dump_flags.ts";
import { DumpKeys } from "../dump_keys.ts";
import { Progress } from "../progress.ts";
import { readSignaling } from "../read_signaling.ts";
import { TextBuffer } from "../text_buffer.ts";
import { diffCsv } from "./diff_csv.ts";
import { diffJson } from "./diff_json.ts";
import { diffText } from "./diff_text.ts";

export interface ReadSide {
  readonly name: string;
  readonly tape: UnitTape;
  readonly packets: number;
}

/** @throws CliError */
export async function runDiff(pathA: string, pathB: string, flags: DumpFlags, io: Io): Promise<ExitCode> {
  if (pathA === "-" && pathB === "-") throw new CliError("usage", "both captures cannot come from standard input");
  const a = await readSide(pathA, flags, io);
  const b = await readSide(pathB, flags, io);
  const diff = diffCaptures(a.tape, b.tape);
  if (diff.matched === 0) {
    const hint =
      "the captures must be of the same traffic at the same time; media that a server changes is not found again";
    throw new CliError("nothingSelected", `no unit of ${a.name} is in ${b.name}`, hint);
  }
  const streams = summarize(diff, a.tape, b.tape);
  const out = new TextBuffer((bytes) => io.stdout(bytes));
  if (flags.csv) diffCsv(diff, a.tape, b.tape, out);
  else out.text(flags.json ? diffJson(diff, streams, a, b) : diffText(diff, streams, a, b));
  out.flush();
  const isDamaged = streams.some(({ lost, altered, appeared }) => lost.count + altered.count + appeared.count > 0);
  return isDamaged ? EXIT.finding : EXIT.ok;
}

async function readSide(path: string, flags: DumpFlags, io: Io): Promise<ReadSide> {
  const source = openSource(path, io);
  const note = (text: string) => flags.quiet || io.stderr(`note: ${source.name}: ${text}\n`);
  const keys = new DumpKeys(() => chooseCrypto(io, flags.crypto).backend);
  if (flags.keylog !== undefined) await keys.readFile(flags.keylog, io, note);
  const registry = source.isLive ? undefined : await readSignaling(source, keys);
  const tape = new UnitTape();
  const events = { unit: tape.handle.bind(tape), note };
  // What is sealed or encrypted is compared as it is.
  const pass = new CapturePass(events, { keys, staysClosed: true, ...(registry === undefined ? {} : { registry }) });
  await pass.run(source, source.isLive || flags.quiet ? undefined : new Progress(io, source.sizeBytes));
  const { reader: { fault }, dissector: { packets } } = pass;
  if (fault !== undefined) {
    note(`damaged: ${fault.message}; the ${packets} packets before byte ${fault.offset} were read`);
  }
  if (tape.untracked > 0) note(`${tape.untracked} units beyond the first ${tape.count} were not compared`);
  if (tape.count === 0) throw new CliError("nothingSelected", `${source.name} has no units in ${packets} packets`);
  return { name: source.name, tape, packets };
}
