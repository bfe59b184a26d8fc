/** Starts a child, gives it a case that never ends, says so, and is killed: it cannot end the child. */
import process from "node:process";
import type { CaseOrder } from "../answer_cases.ts";
import { within } from "../within.ts";
import { SpinningChildren } from "./spinning_children.ts";

const child = new SpinningChildren().start("cases");
await child.next();
const order: CaseOrder = { target: "planted", case: "AQc" };
const answer = await within(child.ask(JSON.stringify(order)), 250);
console.log(answer === undefined ? "it spins" : `it answers: ${JSON.stringify(answer)}`);
process.kill(Deno.pid, "SIGKILL");
