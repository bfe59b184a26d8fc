/** `--impair` and `--seed`: a bad network, wherever it is put. */
import { type Impairment, IMPAIRMENT_SETTINGS, parseImpairment } from "../../lib/relay/impairment.ts";
import { CliError } from "./cli_error.ts";

/** For help: each setting with its meaning. */
export const IMPAIRMENT_HELP: string = Object.values(IMPAIRMENT_SETTINGS)
  .map(({ example, meaning }) => `  ${example.padEnd(14)}  ${meaning}`)
  .join("\n");

/** `where` names the flag or file that the text is from. @throws CliError */
export function readImpairment(text: string, where: string, command: string): Impairment {
  const parsed = parseImpairment(text);
  if (parsed.ok) return parsed.value;
  throw new CliError("usage", `${where}: ${parsed.fault.message}`, `arcrtc ${command} --help lists the settings`);
}
