/** `--redact`: the capture without keys, addresses and payload, to be shown to others. */
import { utf8 } from "../../lib/base/bytes.ts";
import type { SessionRegistry } from "../../lib/dissect/model/session_registry.ts";
import { ARC_SECRETS_TYPE } from "../../lib/dissect/pcapng_writer.ts";
import { CaptureRedactor } from "../../lib/dissect/redact/capture_redactor.ts";
import { Pseudonyms } from "../../lib/dissect/redact/pseudonyms.ts";
import { SystemRng } from "../../lib/net/system_rng.ts";
import { EXIT, type ExitCode } from "../exit_codes.ts";
import type { Io } from "../ui/io.ts";
import { CaptureOutput } from "./capture_output.ts";
import { CapturePass } from "./capture_pass.ts";
import type { WriteTask } from "./file_outputs.ts";
import { Progress } from "./progress.ts";

/** @throws CliError */
export async function redactCapture(
  { source, keys, registry, note }: WriteTask,
  path: string,
  io: Io,
): Promise<ExitCode> {
  const pseudonyms = new Pseudonyms(new SystemRng());
  pseudonyms.keepOrder(peersOf(registry));
  const redactor = new CaptureRedactor(pseudonyms);
  const out = new CaptureOutput(path, source.name, io);
  const pass = new CapturePass({
    unit: (unit) => redactor.unit(unit),
    frame: (frame) => out.frame(redactor.frame(frame)),
    secrets: ({ type, bytes }) => {
      if (type !== ARC_SECRETS_TYPE) return;
      // What streams there are is no secret, and media is joined to its session by it.
      out.secrets({ type, bytes: utf8(redactor.keyLog(new TextDecoder().decode(bytes))) });
    },
  }, registry === undefined ? { keys, staysClosed: true } : { keys, registry, staysClosed: true });
  try {
    await pass.run(source, source.isLive ? undefined : new Progress(io, source.sizeBytes));
    for (const frame of redactor.end()) out.frame(frame);
  } finally {
    out.close();
  }
  const { addresses, ids, secrets } = pseudonyms.counts;
  note(
    `${out.packets} packets written to ${out.name}; ${addresses} addresses, ${ids} ids and ${secrets} secrets have others`,
  );
  if (redactor.unplaced > 0) note(`${redactor.unplaced} units that no packet of theirs completed are left out`);
  const { fault } = pass.reader;
  if (fault === undefined) return EXIT.ok;
  io.stderr(`error: ${source.name}: ${fault.message}; the ${pass.dissector.packets} packets before it were read\n`);
  return EXIT.finding;
}

function peersOf(registry: SessionRegistry | undefined): string[] {
  return [...registry?.sessions ?? []].flatMap(({ peers }) => peers);
}
