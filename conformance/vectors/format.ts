/** The text of a vector file: one line for each field of a case, so that a changed byte is a changed line. */
import type { VectorCase, VectorFile, VectorGroup } from "./case.ts";

export function formatVectors(file: VectorFile): string {
  const { notes, groups, ...rest } = file;
  const { count, counts, ...head } = rest;
  const lines = [
    ...Object.entries(head).map(([name, value]) => `  ${member(name, value)}`),
    `  "notes": ${block(Object.entries(notes).map(([flag, note]) => `    ${member(flag, note)}`), "{", "}", "  ")}`,
    `  "groups": ${block(groups.map(formatGroup), "[", "]", "  ")}`,
    `  ${member("count", count)}`,
    `  ${member("counts", counts)}`,
  ];
  return `{\n${lines.join(",\n")}\n}\n`;
}

function formatGroup({ op, common, tests }: VectorGroup): string {
  const lines = [
    `      ${member("op", op)}`,
    `      ${member("common", common)}`,
    `      "tests": ${block(tests.map(formatCase), "[", "]", "      ")}`,
  ];
  return block(lines, "    {", "}", "    ");
}

function formatCase(test: VectorCase): string {
  const lines = Object.entries(test).map(([name, value]) => `          ${member(name, value)}`);
  return block(lines, "        {", "}", "        ");
}

function block(lines: readonly string[], open: string, close: string, indent: string): string {
  return lines.length === 0 ? `${open}${close}` : `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

function member(name: string, value: unknown): string {
  return `${JSON.stringify(name)}: ${inline(value)}`;
}

/** On one line, with a space behind each comma and colon; ASCII only, so that no editor can change what it holds. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value).map(([name, part]) => `${ascii(name)}: ${inline(part)}`).join(", ")}}`;
  }
  return typeof value === "string" ? ascii(value) : JSON.stringify(value);
}

function ascii(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
