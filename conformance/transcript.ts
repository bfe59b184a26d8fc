/** What was asked, sent, received and noted while a case ran: the evidence behind its verdict. Bounded. */
import { toHex, utf8 } from "../lib/base/bytes.ts";

/** A request to the testee's ops with its answer, as JSON; no answer where none came. */
export interface Asked {
  readonly kind: "asked";
  readonly check: string;
  readonly request: object;
  readonly answer: object | undefined;
  readonly expected: string;
  /** What is wrong with the answer; undefined where nothing is. */
  readonly problem: string | undefined;
}

/** One unit on a line; `text` too where it is readable. */
export interface Moved {
  readonly kind: "sent" | "received";
  readonly line: string;
  readonly hex: string;
  readonly text?: string;
}

/** Something that happened to a line, or a word of the case. */
export interface Noted {
  readonly kind: "opened" | "closed" | "note";
  readonly line?: string;
  readonly text: string;
}

export type TranscriptEntry = (Asked | Moved | Noted) & {
  /** Milliseconds since the case began. */
  readonly atMs: number;
};

const MAX_ENTRIES = 5000;
/** Of one unit or text; the rest is cut off, and it is said so. */
const MAX_UNIT_BYTES = 16 * 1024;

export class Transcript {
  readonly #entries: TranscriptEntry[] = [];
  #dropped = 0;
  #isMuted = false;
  readonly #nowMs: () => number;
  readonly #startMs: number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  /** What was kept, and a word on what was not. */
  get entries(): readonly TranscriptEntry[] {
    if (this.#dropped === 0) return this.#entries;
    const atMs = this.#entries.at(-1)?.atMs ?? 0;
    return [...this.#entries, { kind: "note", text: `${this.#dropped} entries more were not kept`, atMs }];
  }

  /** Units are not kept from here on: of a flood that nobody will read, and whose keeping would take its time. */
  mute(): void {
    this.#isMuted = true;
  }

  asked(entry: Omit<Asked, "kind">): void {
    this.#add({ kind: "asked", ...entry });
  }

  /** The unit is borrowed: it is written down at once, with {@link withoutSignatures} where it is readable. */
  moved(kind: Moved["kind"], line: string, unit: Uint8Array): void {
    if (this.#isMuted) return void this.#dropped++;
    const shown = unit.subarray(0, MAX_UNIT_BYTES);
    const cut = shown.length === unit.length ? "" : `... ${unit.length} bytes in all`;
    const read = readable(shown);
    if (read === undefined) return this.#add({ kind, line, hex: toHex(shown) + cut });
    const text = withoutSignatures(read);
    this.#add({ kind, line, hex: toHex(text === read ? shown : utf8(text)) + cut, text: text + cut });
  }

  noted(kind: Noted["kind"], text: string, line?: string): void {
    this.#add({ kind, text: text.slice(0, MAX_UNIT_BYTES), ...(line === undefined ? {} : { line }) });
  }

  #add(entry: Asked | Moved | Noted): void {
    if (this.#entries.length >= MAX_ENTRIES) this.#dropped++;
    else this.#entries.push({ ...entry, atMs: Math.round((this.#nowMs() - this.#startMs) * 1000) / 1000 });
  }
}

/**
 * A join token is good for as long as it says, whoever has it: what proves it does not leave the run. As many `x` stand in
 * its place, so that every byte behind it stays where it was.
 */
export function withoutSignatures(text: string): string {
  return text.replace(/\b(eyJ[\w-]+\.eyJ[\w-]*\.)([\w-]+)/g, (_, signed, proof) => signed + "x".repeat(proof.length));
}

/** The unit as text where it is printable ASCII, as messages mostly are. */
function readable(unit: Uint8Array): string | undefined {
  if (unit.length === 0 || unit.some((byte) => byte < 0x20 || byte > 0x7e)) return undefined;
  return new TextDecoder().decode(unit);
}
