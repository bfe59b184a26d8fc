/** Units as people have them at hand: hex out of a log, base64 out of a report, JSON out of a capture. */
import { parseBase64Url, parseHex, utf8 } from "../../lib/base/bytes.ts";
import { CliError } from "../ui/cli_error.ts";
import type { InputLine } from "../ui/io.ts";

export const SPELLINGS = ["auto", "hex", "base64", "text"] as const;

export type Spelling = (typeof SPELLINGS)[number];

/** A unit before it is read, and where it came from, for messages. */
export interface UnitText {
  readonly text: string;
  /** `argument 2`, `line 7 of the input`. */
  readonly where: string;
}

/** Hex pairs joined by dashes, as some tools print them; elsewhere a dash is base64url's. */
const DASHED_HEX = /^[0-9a-fA-F]{2}(?:-[0-9a-fA-F]{2})+$/;

/**
 * The bytes of a unit. Hex may have spaces, colons, commas, line ends and 0x in it; base64 may be of either alphabet,
 * padded or not; what begins with a brace or bracket is JSON text.
 *
 * @throws CliError that names the place of what cannot be read.
 */
export function readUnitText({ text, where }: UnitText, spelling: Spelling): Uint8Array<ArrayBuffer> {
  switch (spelling === "auto" ? spellingOf(text) : spelling) {
    case "text":
      return utf8(text.trim());
    case "hex":
      return bytesOf(parseHex(hexDigits(text)), "hex", where, "--as base64 or --as text reads it differently");
    default:
      return bytesOf(
        parseBase64Url(base64Digits(text)),
        spelling === "auto" ? "hex, nor base64, nor JSON text" : "base64",
        where,
        "arcrtc decode --help shows what a unit can be written as",
      );
  }
}

function spellingOf(text: string): Exclude<Spelling, "auto"> {
  if (/^\s*[[{]/.test(text)) return "text";
  return /^[0-9a-fA-F]*$/.test(hexDigits(text)) ? "hex" : "base64";
}

function hexDigits(text: string): string {
  const digits = text.replace(/0x/gi, "").replace(/[\s:,]+/g, "");
  return DASHED_HEX.test(digits) ? digits.replaceAll("-", "") : digits;
}

function base64Digits(text: string): string {
  return text.replace(/\s+/g, "").replace(/={1,2}$/, "").replaceAll("+", "-").replaceAll("/", "_");
}

function bytesOf(parsed: ReturnType<typeof parseHex>, what: string, where: string, hint: string) {
  if (parsed.ok) return parsed.value;
  const { message } = parsed.fault;
  throw new CliError("usage", `${where} is not ${what}: ${message.replace(/^Cannot parse \w+: /, "")}`, hint);
}

/**
 * The units of a text: one per line, except that JSON may go on over several lines. Empty lines and lines that begin
 * with # are passed over.
 */
export async function* unitLines(lines: AsyncIterable<InputLine>): AsyncGenerator<UnitText> {
  let number = 0;
  let open: OpenText | undefined;
  for await (const line of lines) {
    number++;
    if (line.kind === "too_long") {
      throw new CliError("usage", `line ${number} of the input has ${line.bytes} bytes`, "pass it with --file");
    }
    const { text } = line;
    // A new object at the left edge begins a new unit, whatever became of the one before.
    if (open !== undefined && text.startsWith("{")) {
      yield unitOf(open);
      open = undefined;
    }
    if (open === undefined) {
      if (/^\s*(#|$)/.test(text)) continue;
      open = { parts: [], line: number, characters: 0, depth: 0 };
    }
    open.parts.push(text);
    open.characters += text.length;
    if (/^\s*[[{]/.test(open.parts[0])) open.depth += depthOf(text);
    if (open.depth <= 0 || open.characters > MAX_OPEN_CHARACTERS) {
      yield unitOf(open);
      open = undefined;
    }
  }
  if (open !== undefined) yield unitOf(open);
}

/** Longer than any message: what is still open then will not close. */
const MAX_OPEN_CHARACTERS = 262_144;

interface OpenText {
  readonly parts: string[];
  readonly line: number;
  characters: number;
  /** Braces and brackets opened and not closed. */
  depth: number;
}

function unitOf({ parts, line }: OpenText): UnitText {
  return { text: parts.join("\n"), where: `line ${line} of the input` };
}

/** Braces and brackets that a line of JSON opens more than it closes; strings do not span lines. */
function depthOf(line: string): number {
  const outsideOfStrings = line.replace(/"(?:[^"\\]|\\.)*"/g, "");
  const count = (characters: RegExp) => outsideOfStrings.match(characters)?.length ?? 0;
  return count(/[[{]/g) - count(/[\]}]/g);
}
