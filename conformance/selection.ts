/** Which cases a run takes. */
import type { Level } from "./requirements.ts";
import type { RegisteredCase } from "./registry.ts";

/** Each wish narrows; the entries of one wish widen. What is left out takes all. */
export interface Selection {
  /** Globs over ids: `*` is any text, a slash too. */
  readonly ids?: readonly string[];
  readonly areas?: readonly string[];
  readonly levels?: readonly Level[];
  /** Requirement ids, or globs over them; a case is taken for any rule that it names. */
  readonly requirements?: readonly string[];
  /** Facets: ops, server, relay, peer, capture. */
  readonly needs?: readonly string[];
}

export function selectCases(cases: readonly RegisteredCase[], wish: Selection): readonly RegisteredCase[] {
  const ids = wish.ids?.map(globPattern);
  const rules = wish.requirements?.map(globPattern);
  return cases.filter(({ case: one, area, rule }) =>
    isAmong(ids, (pattern) => pattern.test(one.id)) &&
    isAmong(wish.areas, (name) => name === area) &&
    isAmong(wish.levels, (level) => level === rule.level) &&
    isAmong(rules, (pattern) => one.requirements.some((id) => pattern.test(id))) &&
    isAmong(wish.needs, (facet) => facet === one.needs)
  );
}

function isAmong<T>(wishes: readonly T[] | undefined, fits: (wish: T) => boolean): boolean {
  return wishes === undefined || wishes.some(fits);
}

/** `arcrtp/*` as a regular expression over the whole of a text. */
export function globPattern(glob: string): RegExp {
  return new RegExp(`^${glob.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`);
}
