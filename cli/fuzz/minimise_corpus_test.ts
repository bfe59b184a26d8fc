import assert from "node:assert/strict";
import { MemoryIo } from "../ui/io.ts";
import { minimiseCorpus } from "./minimise_corpus.ts";
import { ownedDirectory } from "./testing/owned_directory.ts";

Deno.test("fuzz minimise-corpus: a case that never ends is named, and nobody waits for it", async () => {
  using directory = ownedDirectory();
  const knobs = { module: new URL("./testing/hanging_minimise_worker.ts", import.meta.url), hangMs: 250 };
  const minimised = minimiseCorpus(["packet.demux"], { out: directory.path }, new MemoryIo(), knobs);
  await assert.rejects(minimised, {
    exit: "crashFound",
    message: "packet.demux: the case AQc did not end within 0.25 s",
  });
});
