/** Sums that several reports give. */
import type { BreachRecord, CaseResult, DialectTable, SuiteResult } from "../results.ts";
import { countsAgainst, isJudged } from "../verdict.ts";

/** Cases that count against the testee; entries of known failures that are stale come on top. */
export function against({ tables, strict }: SuiteResult): readonly CaseResult[] {
  return tables.flatMap(({ results }) => results).filter((result) => isAgainst(result, strict));
}

/** True where the case makes the run fail. */
export function isAgainst({ verdict, known }: CaseResult, strict: boolean): boolean {
  return !known && countsAgainst(verdict, strict);
}

/** Cases that were put to the test, and those of them that the testee did not break. */
export function judgedAndKept({ tables, strict }: SuiteResult): { readonly judged: number; readonly kept: number } {
  const judged = tables.flatMap(({ results }) => results).filter(({ verdict }) => isJudged(verdict));
  return { judged: judged.length, kept: judged.filter(({ verdict }) => !countsAgainst(verdict, strict)).length };
}

/** True for a breach that is a figure over its bound: nothing was done wrong. */
export function isFigure({ measures }: CaseResult, { at }: BreachRecord): boolean {
  return measures.some(({ name }) => name === at);
}

/** True where all that is to be told of a case is in its figures. */
export function isOnlySlow(result: CaseResult): boolean {
  return result.verdict === "info" && !hasStory(result);
}

/** True where there is something to tell of a case besides its figures. */
export function hasStory(result: CaseResult): boolean {
  return result.verdict === "error" || result.breaches.some((breach) => !isFigure(result, breach));
}

/** Results area by area, in the order of the suite. */
export function byArea({ results }: DialectTable): ReadonlyMap<string, readonly CaseResult[]> {
  return Map.groupBy(results, ({ area }) => area);
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
