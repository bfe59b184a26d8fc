import { Option } from "commander";
import { chooseIo, IO_WISHES, type IoChoice, type IoWish } from "../../lib/net/udp_io.ts";
import { CliError } from "./cli_error.ts";
import type { Io } from "./io.ts";

/** `--io`, the same for every command that sends and receives UDP packets in numbers. */
export function ioOption(otherwise: string): Option {
  return new Option("--io <backend>", `UDP sockets: auto, deno or native (default: ARCRTC_IO, or ${otherwise})`)
    .choices(IO_WISHES);
}

/** The backend that the flag or ARCRTC_IO asks for. @throws CliError where it cannot serve. */
export function chooseUdpIo(io: Io, flag: string | undefined, otherwise: IoWish = "auto"): IoChoice {
  const wish = flag ?? io.env("ARCRTC_IO") ?? otherwise;
  if (!isWish(wish)) throw new CliError("usage", `'${wish}' is no UDP backend`, `it takes ${IO_WISHES.join(", ")}`);
  try {
    return chooseIo(wish);
  } catch (error) {
    throw new CliError("usage", `--io ${wish}: ${error instanceof Error ? error.message : error}`, "use --io auto");
  }
}

function isWish(text: string): text is IoWish {
  return (IO_WISHES as readonly string[]).includes(text);
}
