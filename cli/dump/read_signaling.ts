import type { SessionRegistry } from "../../lib/dissect/model/session_registry.ts";
import { CapturePass } from "./capture_pass.ts";
import type { CaptureSource } from "./capture_source.ts";
import type { DumpKeys } from "./dump_keys.ts";

/** Sessions, streams and SSRCs of the whole file, before anything of it is shown. */
export async function readSignaling(source: CaptureSource, keys: DumpKeys): Promise<SessionRegistry> {
  const pass = new CapturePass({ unit: () => {} }, { keys, staysClosed: true });
  await pass.run(source);
  return pass.modeller.registry;
}
