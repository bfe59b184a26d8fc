/** Reads a capture and holds its units against the rules, as `arcrtc dump --check` does. */
import { CaptureChecker } from "../../lib/dissect/check/checker.ts";
import type { CheckedCapture } from "../../conformance/run/capture_runner.ts";
import { CapturePass } from "../dump/capture_pass.ts";
import { openSource } from "../dump/capture_source.ts";
import { DumpKeys } from "../dump/dump_keys.ts";
import { CliError } from "../ui/cli_error.ts";
import { chooseCrypto } from "../ui/crypto_backend.ts";
import type { Io } from "../ui/io.ts";

/** @throws CliError where the file cannot be read, or has nothing to judge. */
export async function checkCapture(path: string, keylog: string | undefined, io: Io): Promise<CheckedCapture> {
  const source = openSource(path, io);
  const note = (text: string) => io.stderr(`note: ${text}\n`);
  const keys = new DumpKeys(() => chooseCrypto(io, undefined).backend);
  if (keylog !== undefined) await keys.readFile(keylog, io, note);
  let known: CapturePass["modeller"]["registry"] | undefined;
  if (!source.isLive) {
    const first = new CapturePass({ unit: () => {} }, { keys, staysClosed: true });
    await first.run(source);
    known = first.modeller.registry;
  }
  const checker = new CaptureChecker();
  let units = 0;
  const events = {
    unit: (unit: Parameters<CaptureChecker["handle"]>[0]) => {
      units++;
      checker.handle(unit);
    },
    note,
  };
  const pass = new CapturePass(events, known === undefined ? { keys } : { keys, registry: known });
  await pass.run(source);
  checker.end();
  const { fault } = pass.reader;
  if (fault !== undefined) throw new CliError("finding", `${source.name}: ${fault.message}`);
  const { packets } = pass.dissector;
  if (units === 0) throw new CliError("nothingSelected", `${source.name} has no units in ${packets} packets`);
  const { dialect } = pass.modeller.evidence.verdict();
  return {
    description: `capture ${source.name}`,
    ...(dialect === "arcrtc-1.0" || dialect === "armoricore" ? { dialect } : {}),
    findings: checker.findings,
    verdicts: checker.verdicts,
    units,
    packets,
  };
}
