import assert from "node:assert/strict";
import { againWhileBusy } from "./busy_host.ts";
import { broken, isBroken, type Outcome, passed, skipped } from "./outcome.ts";

const BROKEN = broken("MUST", [{ expected: "a word in time", got: "nothing" }]);

/** The runs that come out so, while timers are so late; which of them counts, and what each was told. */
async function judged(...runs: readonly (readonly [Outcome, lateMs: number])[]) {
  const notes: (string | undefined)[] = [];
  const attempt = (note?: string) => {
    notes.push(note);
    return Promise.resolve({ outcome: runs[notes.length - 1][0] });
  };
  const watch = () => ({ stop: () => runs[notes.length - 1]?.[1] ?? 0 });
  const { outcome } = await againWhileBusy(attempt, (made) => isBroken(made.outcome), watch);
  return { verdict: outcome.verdict, notes };
}

Deno.test("busy host: what is broken on a calm host is broken, and is not run again", async () => {
  assert.deepEqual(await judged([BROKEN, 99]), { verdict: "fail", notes: [undefined] });
});

Deno.test("busy host: what is broken while timers are late is run again, and the transcript says so", async () => {
  const { verdict, notes } = await judged([BROKEN, 250.4], [passed(), 250]);
  assert.equal(verdict, "pass");
  assert.deepEqual(notes, [
    undefined,
    "run 2: the one before was broken on a busy host, where timers came up to 250 ms late",
  ]);
});

Deno.test("busy host: what is broken three times is broken, however busy the host", async () => {
  const { verdict, notes } = await judged([BROKEN, 900], [BROKEN, 900], [BROKEN, 900]);
  assert.equal(verdict, "fail");
  assert.equal(notes.length, 3);
});

Deno.test("busy host: what was right, or skipped, is not run again, however busy the host", async () => {
  assert.equal((await judged([passed(), 900])).notes.length, 1);
  assert.equal((await judged([skipped("needs more"), 900])).notes.length, 1);
});
