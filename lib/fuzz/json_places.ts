/** Where the members and items of a JSON text stand in it. */

/** The value of a member or item. Offsets are UTF-16 units of the text, ends excluded. */
export interface JsonPlace {
  /** Where the member's quoted name begins; in a list the value itself. */
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
  readonly isMember: boolean;
}

/** Places beyond it are left alone: nobody is waiting for the four-hundredth. */
const MAX_PLACES = 400;

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

/** An object or list that is still open, and the part of it that is being read. */
interface Frame {
  readonly isObject: boolean;
  start: number;
  valueStart: number;
}

/** All places of a text, in the order in which they end; undefined where the runtime does not take it for JSON. */
export function jsonPlaces(text: string): readonly JsonPlace[] | undefined {
  if (!isJson(text)) return undefined;
  const places: JsonPlace[] = [];
  const open: Frame[] = [];
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === "," || token === ":") continue;
    if (token === "}" || token === "]") open.pop();
    else {
      const parent = open.at(-1);
      if (parent?.isObject && parent.start < 0) {
        parent.start = index;
        continue;
      }
      if (parent !== undefined) parent.valueStart = index;
      if (token === "{" || token === "[") {
        open.push({ isObject: token === "{", start: -1, valueStart: -1 });
        continue;
      }
    }
    const parent = open.at(-1);
    if (parent === undefined) break;
    const { isObject, start, valueStart } = parent;
    places.push({ start: isObject ? start : valueStart, valueStart, end: index + token.length, isMember: isObject });
    parent.start = -1;
    if (places.length === MAX_PLACES) break;
  }
  return places;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
