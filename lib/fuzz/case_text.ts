/** Cases as text, one a line: units in base64url behind one another, `-` for an empty one. Corpus files are made of them. */
import { parseBase64Url, toBase64Url } from "../base/bytes.ts";
import { fault, ok, type Parsed } from "../base/parsed.ts";
import type { FuzzCase } from "./target.ts";

export function writeCase(units: FuzzCase): string {
  return units.map((unit) => unit.length === 0 ? "-" : toBase64Url(unit)).join(" ");
}

export function parseCase(line: string): Parsed<FuzzCase> {
  const units: Uint8Array[] = [];
  for (const word of line.trim().split(/\s+/)) {
    if (word === "") return fault("bad_value", "Cannot read case: it has no unit", { offset: 0 });
    const unit = word === "-" ? ok(new Uint8Array(0)) : parseBase64Url(word);
    if (!unit.ok) return unit;
    units.push(unit.value);
  }
  return ok(units);
}

/** Every case of a corpus file; empty lines and those that begin with `#` are passed over. */
export function parseCorpus(text: string): Parsed<readonly FuzzCase[]> {
  const cases: FuzzCase[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const parsed = parseCase(line);
    if (!parsed.ok) return parsed;
    cases.push(parsed.value);
  }
  return ok(cases);
}
