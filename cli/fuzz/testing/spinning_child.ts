/** `arcrtc fuzz child` with planted targets that never end: `spinning_child.ts KIND`. */
import { processIo } from "../../ui/io.ts";
import { runCases, runTargets } from "../child_threads.ts";

const io = processIo();
if (Deno.args[0] === "cases") await runCases(io, new URL("./spinning_case_worker.ts", import.meta.url));
else await runTargets(io, new URL("./spinning_fuzz_worker.ts", import.meta.url));
Deno.exit();
