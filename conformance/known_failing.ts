/**
 * Cases that are known to fail, from a file: one id a line, `#` begins a comment. They do not count against the testee;
 * an entry that no longer fails, or names no case, is stale and does.
 */
import { countsAgainst } from "./verdict.ts";
import type { CaseResult } from "./results.ts";

export interface KnownFailing {
  readonly ids: ReadonlySet<string>;
}

export function parseKnownFailing(text: string): KnownFailing {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*$/, "").trim());
  return { ids: new Set(lines.filter((line) => line !== "")) };
}

/** Entries that say something that is not so: no such case, or it was judged in this run and nowhere failed. */
export function staleEntries(
  { ids }: KnownFailing,
  allIds: ReadonlySet<string>,
  results: readonly CaseResult[],
  strict: boolean,
): readonly { readonly id: string; readonly why: string }[] {
  return [...ids].flatMap((id) => {
    if (!allIds.has(id)) return [{ id, why: "no case has this id" }];
    const own = results.filter((result) => result.id === id && result.verdict !== "skipped");
    if (own.length === 0 || own.some(({ verdict }) => countsAgainst(verdict, strict))) return [];
    return [{ id, why: `it does not fail any more: ${own.map(({ verdict }) => verdict).join(", ")}` }];
  });
}
