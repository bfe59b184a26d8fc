/** Who stands where in a call's ladder. */
import type { Call } from "../../lib/dissect/analysis/call_ladder.ts";

/** Servers and relays between the peers; further ones share a column. */
const MAX_BETWEEN = 3;
/** Of a peer's id: enough to tell two apart. */
export const ID_CHARACTERS = 8;

/** Caller at the left, callee at the right, what stands between them in the order of its appearance. */
export interface Columns {
  readonly labels: readonly string[];
  indexOf(endpoint: string): number;
}

export function columnsOf({ steps, endpoints, session, media }: Call): Columns {
  const seen = new Set<string>();
  for (const { source, destination } of steps) seen.add(source).add(destination);
  for (const { source, destination } of media) seen.add(source.text).add(destination.text);
  const first = session?.caller ?? session?.peers[0] ?? [...endpoints.values()][0];
  const second = [...endpoints.values(), ...session?.peers ?? []].find((peer) => peer !== first);
  const between = [...seen].filter((endpoint) => !endpoints.has(endpoint));
  const shown = between.length <= MAX_BETWEEN ? between : [...between.slice(0, MAX_BETWEEN - 1), "others"];
  const labels = [
    ...(first === undefined ? [] : [`${roleOf(first, session?.caller, "caller")} ${first.slice(0, ID_CHARACTERS)}`]),
    ...shown,
    ...(second === undefined ? [] : [`${roleOf(second, session?.callee, "callee")} ${second.slice(0, ID_CHARACTERS)}`]),
  ];
  const offset = first === undefined ? 0 : 1;
  return {
    labels,
    indexOf(endpoint) {
      const peer = endpoints.get(endpoint);
      if (peer !== undefined) return peer === first ? 0 : labels.length - 1;
      return offset + Math.min(between.indexOf(endpoint), shown.length - 1);
    },
  };
}

function roleOf(peer: string, known: string | undefined, role: string): string {
  return peer === known ? role : "peer";
}
