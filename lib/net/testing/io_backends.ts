/** The native UDP backend where this machine has it, for tests that run on both. */
import { chooseIo, type IoChoice } from "../udp_io.ts";

const chosen = chooseIo("auto");

export const nativeIo: IoChoice | undefined = chosen.name === "native" ? chosen : undefined;
