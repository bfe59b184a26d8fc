/** The keys that a capture is read with: of `--keylog`, and those that the capture brings itself. */
import type { CryptoBackend } from "../../lib/crypto/backend.ts";
import type { CaptureSecrets } from "../../lib/dissect/capture/captured_frame.ts";
import { type KeyLogEntry, parseKeyLogLine } from "../../lib/dissect/keys/key_log.ts";
import { SessionSecrets } from "../../lib/dissect/keys/session_secrets.ts";
import { UnitOpener } from "../../lib/dissect/keys/unit_opener.ts";
import type { SessionRegistry } from "../../lib/dissect/model/session_registry.ts";
import type { UnitOpening } from "../../lib/dissect/model/unit_modeller.ts";
import { ARC_SECRETS_TYPE } from "../../lib/dissect/pcapng_writer.ts";
import { CliError } from "../ui/cli_error.ts";
import { readInputFile } from "../ui/input_file.ts";
import type { Io } from "../ui/io.ts";

/** Lines about suites and streams that are remembered; a hostile capture may have any number. */
const MAX_ENTRIES = 65_536;
/** Faults of one log that are told. */
const MAX_NOTES = 5;

type Note = (text: string) => void;

export class DumpKeys {
  readonly secrets: SessionSecrets;
  /** The lines of the key log file that say something, each with its end. */
  readonly #lines: string[] = [];
  /** What the logs say besides keys, for the registry of each pass. */
  readonly #entries: KeyLogEntry[] = [];

  constructor(chooseBackend: () => CryptoBackend) {
    this.secrets = new SessionSecrets(chooseBackend);
  }

  /** Takes in a key log file. @throws CliError where it cannot be read, or has no keys. */
  async readFile(path: string, io: Io, note: Note): Promise<void> {
    const text = new TextDecoder().decode(await readInputFile(path, io));
    this.#read(text, path, note);
    for (const line of text.split("\n")) {
      const entry = parseKeyLogLine(line);
      if (entry.ok && entry.value !== undefined) this.#lines.push(`${line.trim()}\n`);
    }
    if (this.secrets.size > 0) return;
    throw new CliError(
      "usage",
      `${path} has no line ARCRTC_MASTER`,
      "arcrtc peer call --keylog FILE writes such a log",
    );
  }

  /** The key log file as it goes into a capture. */
  lines(): string {
    return this.#lines.join("");
  }

  /** Takes in what a capture carries; `registry` learns what it says of streams. */
  secretsOf({ type, bytes }: CaptureSecrets, registry: SessionRegistry, note: Note): void {
    if (type !== ARC_SECRETS_TYPE) return;
    const known = this.#entries.length;
    this.#read(new TextDecoder().decode(bytes), "keys in the capture", note);
    for (const entry of this.#entries.slice(known)) tellOne(entry, registry);
  }

  /** For a new pass: the registry learns what all logs so far have said. */
  tell(registry: SessionRegistry): void {
    for (const entry of this.#entries) tellOne(entry, registry);
  }

  /** For a new pass. */
  opener(): UnitOpening {
    return new UnitOpener(this.secrets);
  }

  #read(text: string, source: string, note: Note): void {
    let faults = 0;
    text.split("\n").forEach((line, i) => {
      const entry = parseKeyLogLine(line);
      if (!entry.ok) {
        if (faults++ < MAX_NOTES) note(`${source}, line ${i + 1}: ${entry.fault.message}`);
      } else if (entry.value?.kind === "master") {
        this.secrets.add(entry.value.sessionId, entry.value.epoch, entry.value.master);
      } else if (entry.value !== undefined && this.#entries.length < MAX_ENTRIES) this.#entries.push(entry.value);
    });
    if (faults > MAX_NOTES) note(`${source}: ${faults - MAX_NOTES} lines more cannot be read`);
  }
}

function tellOne(entry: KeyLogEntry, registry: SessionRegistry): void {
  if (entry.kind === "suite") registry.agreed(entry.sessionId, entry.suite, entry.authentication);
  else if (entry.kind === "stream") registry.announced(entry.start, entry.sender, 0);
}
