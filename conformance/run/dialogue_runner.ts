/** Runs one dialogue in a world of its own, for a bounded time. */
import type { Desk, Driver } from "../drive/desk.ts";
import { Breach, Skip } from "../drive/outcome.ts";
import type { World } from "../drive/world.ts";
import type { Level } from "../requirements.ts";
import { broken, measured, type Outcome, skipped, suiteError } from "./outcome.ts";

/** A dialogue's whole time, in waits: every single wait is bounded already, this is for a case that never ends. */
const MAX_WAITS = 30;

export async function runDialogue<W extends World>(
  run: (world: W) => Promise<void>,
  driver: Driver<W>,
  level: Level,
  desk: Desk,
): Promise<Outcome> {
  const world = driver.open(desk);
  const limitMs = MAX_WAITS * desk.patienceMs;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the case did not end within ${limitMs} ms`)), limitMs);
  });
  try {
    await Promise.race([run(world), tooLong]);
    return measured(level, world.measures);
  } catch (error) {
    if (error instanceof Breach) return broken(level, [{ expected: error.expected, got: error.got }]);
    if (error instanceof Skip) return skipped(error.message);
    return suiteError(error);
  } finally {
    clearTimeout(timer);
    await world.close();
  }
}
