import { run } from "./run.ts";
import { processIo } from "./ui/io.ts";

Deno.exit(await run(Deno.args, processIo()));
