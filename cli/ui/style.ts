import { styleText } from "node:util";
import type { Io } from "./io.ts";

type Colour = Parameters<typeof styleText>[0];

/** Colours text for one stream, or leaves it alone: NO_COLOR and FORCE_COLOR decide, then whether it is a terminal. */
export function painter(io: Io, stream: "stdout" | "stderr"): (colour: Colour, text: string) => string {
  const forced = io.env("FORCE_COLOR");
  const on = io.env("NO_COLOR")
    ? false
    : forced !== undefined
    ? forced !== "0"
    : stream === "stdout"
    ? io.stdoutIsTerminal
    : io.stderrIsTerminal;
  return on ? (colour, text) => styleText(colour, text, { validateStream: false }) : (_colour, text) => text;
}
