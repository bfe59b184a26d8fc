/** Rules of something that the suite cannot play the other side of: the case says so, and is skipped with the reason. */
import type { ServerCase } from "../case.ts";

export function unplayed(id: string, requirement: string, title: string, reason: string): ServerCase {
  return {
    id,
    requirements: [requirement],
    title,
    needs: "server",
    run: (world) => new Promise(() => world.skip(reason)),
  };
}
