/** JSON paths as faults and tools show them: `$.capabilities.codecs[0]`. */

/** A member's name or an item's index. */
export type PathSegment = string | number;

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Longest part of a foreign member name that a path repeats: a peer must not choose the size of our log lines. */
const SHOWN_NAME = 64;

/** `$` for the whole value; names that are not plain words are quoted: `$["odd name"]`. */
export function formatPath(segments: readonly PathSegment[]): string {
  let path = "$";
  for (const segment of segments) {
    if (typeof segment === "number") path += `[${segment}]`;
    else if (segment.length <= SHOWN_NAME && PLAIN_NAME.test(segment)) path += `.${segment}`;
    else path += `[${JSON.stringify(shorten(segment, SHOWN_NAME))}]`;
  }
  return path;
}

/** The text itself, or its first `length` characters and an ellipsis. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
