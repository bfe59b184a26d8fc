/** `--write` and `--embed-keys`: packets as they were captured, all of them or those of chosen units. */
import type { CaptureSecrets } from "../../lib/dissect/capture/captured_frame.ts";
import { CaptureReader } from "../../lib/dissect/capture/capture_reader.ts";
import { ARC_SECRETS_TYPE } from "../../lib/dissect/pcapng_writer.ts";
import { PacketSelection } from "../../lib/dissect/units/packet_selection.ts";
import { utf8 } from "../../lib/base/bytes.ts";
import { EXIT, type ExitCode } from "../exit_codes.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { onInterrupt } from "../peer/interrupt.ts";
import { CaptureOutput, formatOf } from "./capture_output.ts";
import { CapturePass, readSource } from "./capture_pass.ts";
import type { DumpFlags } from "./dump_flags.ts";
import type { WriteTask } from "./file_outputs.ts";
import { Progress } from "./progress.ts";

/** @throws CliError */
export async function writeCapture(task: WriteTask, flags: DumpFlags, io: Io): Promise<ExitCode> {
  const { source, keys, note } = task;
  const path = flags.embedKeys ?? flags.write ?? "-";
  if (flags.embedKeys !== undefined && formatOf(path) === "pcap") {
    throw new CliError("usage", "--embed-keys: pcap has no place for keys", "name a file that ends in .pcapng");
  }
  const selection = await choose(task, flags);
  const keyLog = flags.embedKeys === undefined ? undefined : keys.lines();
  const out = new CaptureOutput(path, source.name, io, keyLog !== undefined);
  if (keyLog !== undefined) out.secrets({ type: ARC_SECRETS_TYPE, bytes: utf8(keyLog) });
  const progress = source.isLive || flags.quiet ? undefined : new Progress(io, source.sizeBytes);
  const reader = new CaptureReader();
  let read = 0;
  const stopListening = onInterrupt(() => source.stop());
  const keep = (secrets: CaptureSecrets) => {
    if (out.secrets(secrets)) note(`${out.name} holds the keys of ${source.name}: whoever has it can read the media`);
    else note(`the keys of ${source.name} are left out: pcap has no place for them`);
  };
  try {
    await readSource(source, reader, (event) => {
      if (event === "frame") {
        read++;
        if (selection === undefined || selection.has(reader.frame)) out.frame(reader.frame);
      } else if (event === "secrets" && reader.secrets !== undefined) keep(reader.secrets);
      return true;
    }, () => {
      progress?.at(reader.offset, read);
      if (source.isLive) out.flush();
    });
  } finally {
    stopListening();
    progress?.clear();
    out.close();
  }
  if (out.refused > 0) note(`${out.refused} packets are left out: ${out.refusal}; pcapng holds them all`);
  if (!flags.quiet) io.stderr(`${out.packets} of ${read} packets written to ${out.name}\n`);
  if (reader.fault === undefined) return EXIT.ok;
  io.stderr(`error: ${source.name}: ${reader.fault.message}; the ${read} packets before it were read\n`);
  return EXIT.finding;
}

/** First pass, where not all is wanted. */
async function choose(
  { source, keys, registry, passes }: WriteTask,
  flags: DumpFlags,
): Promise<PacketSelection | undefined> {
  if (passes === undefined && flags.count === undefined) return undefined;
  if (source.isLive) {
    throw new CliError(
      "usage",
      `a filter cannot choose packets of ${source.name}, which is read once`,
      "write all of it to a file first, with --write all.pcapng and no filter",
    );
  }
  const selection = new PacketSelection();
  let chosen = 0;
  const pass: CapturePass = new CapturePass({
    unit: (unit) => {
      if (passes?.(unit) === false) return;
      selection.choose(unit.unit);
      if (++chosen === flags.count) pass.stop();
    },
    frame: (frame) => selection.seen(frame),
  }, registry === undefined ? { keys } : { keys, registry });
  await pass.run(source);
  if (chosen === 0) throw new CliError("nothingSelected", "no unit passes, so there is nothing to write");
  return selection;
}
