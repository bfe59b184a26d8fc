/**
 * A finding as a directory, everything that somebody needs who was not there:
 *
 * ```
 * findings/packet.arcrtp-exception-1a2b3c4d/
 *   finding.json     what, where, seed, how to run it again; arcrtc.finding/1
 *   case.txt         the smallest case that still fails, a line as in a corpus
 *   original.txt     the case as it was found
 *   transcript.txt   the units of the case in hex, as text, and taken apart
 *   case.pcapng      the same as packets, for Wireshark and arcrtc dump
 * ```
 */
import { toHex } from "../../lib/base/bytes.ts";
import { writeUnitCapture } from "../../lib/dissect/unit_capture.ts";
import { parseCase } from "../../lib/fuzz/case_text.ts";
import { seedFor } from "../../lib/fuzz/case_random.ts";
import type { FuzzCase, Oracle } from "../../lib/fuzz/target.ts";
import { classifyUnit, UNIT_KIND_NAMES } from "../../lib/packet/demux.ts";
import { CliError } from "../ui/cli_error.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import { VERSION } from "../version.ts";

/** What two programs that are held against each other say to the smallest case. */
export interface Dispute {
  /** The answer as JSON, or how the program failed; cut where it is long. */
  readonly a: string;
  readonly b: string;
  /** Of two values the first place where B's is not A's, and both of it. */
  readonly difference?: string;
  /** Whose answer is right by the second reading of the specification; left out where that was not the question. */
  readonly right?: "a" | "b" | "neither" | "undecided";
  /** Of the specification, where it is decided. */
  readonly clause?: string;
  /** The rule, where the clause has but one about it. */
  readonly rule?: string;
}

/** What `finding.json` holds. */
export interface FindingFile {
  readonly schema: "arcrtc.finding/1";
  readonly version: string;
  readonly target: string;
  readonly oracle: Oracle;
  readonly message: string;
  readonly rule?: string;
  readonly signature: string;
  readonly stack?: string;
  readonly seed: number;
  /** Which execution of the target it was; 0 where that is not known. */
  readonly execution: number;
  /** The smallest case that still fails, as in `case.txt`. */
  readonly case: string;
  readonly original: string;
  readonly bytes: number;
  readonly original_bytes: number;
  /** Of `tried` runs of the case `failed` did. */
  readonly reproduced: { readonly failed: number; readonly tried: number };
  /** Where the other side was, for targets that are not in this process. */
  readonly address?: string;
  readonly command?: string;
  /** The second of two programs, and what both say. */
  readonly against?: string;
  readonly dispute?: Dispute;
}

export type Finding = Omit<FindingFile, "schema" | "version" | "bytes" | "original_bytes">;

export const CASE_FILE = "case.txt";
export const FINDING_FILE = "finding.json";

/** Writes the directory below `parent` and answers its path. A finding of the same signature is written over. */
export function writeFinding(parent: string, finding: Finding): string {
  const id = seedFor(0, finding.signature).toString(16).padStart(8, "0");
  const path = `${parent}/${finding.target}-${finding.oracle}-${id}`.replace(/[^\w./-]/g, "_");
  Deno.mkdirSync(path, { recursive: true });
  const units = casesOf(finding.case, FINDING_FILE);
  const document = envelope("finding", {
    version: VERSION,
    ...finding,
    bytes: bytesOf(units),
    original_bytes: bytesOf(casesOf(finding.original, FINDING_FILE)),
  });
  Deno.writeTextFileSync(`${path}/${FINDING_FILE}`, jsonDocument(document));
  Deno.writeTextFileSync(`${path}/${CASE_FILE}`, `${finding.case}\n`);
  Deno.writeTextFileSync(`${path}/original.txt`, `${finding.original}\n`);
  Deno.writeTextFileSync(`${path}/transcript.txt`, transcript(finding, units));
  Deno.writeFileSync(`${path}/case.pcapng`, captureOf(units));
  return path;
}

/** Reads a finding: the directory, its `finding.json`, or its `case.txt`. */
export function readFinding(path: string): FindingFile {
  const file = isDirectory(path) ? `${path}/${FINDING_FILE}` : path.replace(/case\.txt$/, FINDING_FILE);
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    throw new CliError("usage", `cannot read ${file}: ${error instanceof Error ? error.message : error}`);
  }
  const finding = parseObject(text);
  if (finding?.schema !== "arcrtc.finding/1" || typeof finding.case !== "string") {
    throw new CliError(
      "usage",
      `${file} is no finding`,
      "a finding is a directory with finding.json, made by arcrtc fuzz",
    );
  }
  return finding as unknown as FindingFile;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** The units of a case in a finding, or an error that names the file. */
export function casesOf(line: string, where: string): FuzzCase {
  const units = parseCase(line);
  if (units.ok) return units.value;
  throw new CliError("usage", `${where}: ${units.fault.message}`);
}

function bytesOf(units: FuzzCase): number {
  return units.reduce((bytes, unit) => bytes + unit.length, 0);
}

function transcript(finding: Finding, units: FuzzCase): string {
  const lines = [
    `${finding.target}: ${finding.oracle}`,
    finding.message,
    ...(finding.rule === undefined ? [] : [`rule ${finding.rule}`]),
    `seed ${finding.seed}, execution ${finding.execution}; failed ${finding.reproduced.failed} of ${finding.reproduced.tried} times`,
    ...disputeLines(finding),
    "",
  ];
  units.forEach((unit, i) => {
    lines.push(`unit ${i + 1}, ${unit.length} bytes, ${UNIT_KIND_NAMES[classifyUnit(unit)]}`);
    const hex = toHex(unit.subarray(0, 512));
    for (let at = 0; at < hex.length; at += 64) lines.push(`  ${hex.slice(at, at + 64)}`);
    const text = new TextDecoder().decode(unit.subarray(0, 512));
    if (/^[\x20-\x7e\s]+$/.test(text)) lines.push(`  ${text}`);
    lines.push("");
  });
  if (finding.stack !== undefined) lines.push(finding.stack, "");
  return lines.join("\n");
}

/** Two programs and what each says; none where there was one. */
function disputeLines({ command, against, dispute }: Finding): readonly string[] {
  if (dispute === undefined) return [];
  const { a, b, difference, clause } = dispute;
  const where = difference === undefined ? [] : [`B against A: ${difference}`];
  const decided = clause === undefined ? [] : [`clause ${clause}`];
  return [`A is ${command}`, `  says ${a}`, `B is ${against}`, `  says ${b}`, ...where, ...decided];
}

function captureOf(units: FuzzCase): Uint8Array<ArrayBuffer> {
  const captured = units.map((unit, i) => ({ unit, direction: "out" as const, unixMs: i, conversation: 0 }));
  return writeUnitCapture(`arcrtc fuzz ${VERSION}`, "fuzz", captured);
}
