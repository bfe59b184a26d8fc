/** The randomness of one case in one dialect: what it draws does not depend on which other cases run. */
import { type Rng, SeededRng } from "../../lib/base/rng.ts";

export function caseRng(seed: number, dialect: string, id: string): Rng {
  let hash = seed | 0;
  for (const character of `${dialect} ${id}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return new SeededRng(hash);
}
