/** How long answers take, one after the other: the suite's own share of it is told with it. */
import type { World } from "../../drive/world.ts";
import { BUDGETS, delays, type Measure } from "../../measure.ts";

const QUESTIONS = 50;

/** `ask` resolves when its answer has come. */
export async function answerTimes({ desk }: World, ask: (i: number) => Promise<unknown>): Promise<readonly Measure[]> {
  const tookMs: number[] = [];
  for (let i = 0; i < QUESTIONS; i++) {
    const askedMs = desk.clock.nowMs();
    await ask(i);
    tookMs.push(desk.clock.nowMs() - askedMs);
  }
  return delays("answer", tookMs, BUDGETS.routing);
}
