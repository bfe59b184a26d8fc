/** Starts children whose targets never end, and knows whether they are gone. */
import assert from "node:assert/strict";
import process from "node:process";
import type { ChildKind } from "../child_process.ts";
import { LineProcess } from "../line_process.ts";

const PROGRAM = new URL("./spinning_child.ts", import.meta.url).href;

export class SpinningChildren {
  readonly #pids: number[] = [];

  readonly start = (kind: ChildKind): LineProcess => {
    const child = new LineProcess([Deno.execPath(), "run", "--quiet", "--allow-read", PROGRAM, kind], 1_000_000);
    this.#pids.push(child.pid);
    return child;
  };

  get started(): number {
    return this.#pids.length;
  }

  /** The one that was started last. */
  kill(): void {
    process.kill(this.#pids[this.#pids.length - 1], "SIGKILL");
  }

  assertGone(): void {
    for (const pid of this.#pids) assert.throws(() => process.kill(pid, 0), /ESRCH/, `process ${pid} is left`);
  }
}
