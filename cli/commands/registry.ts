import type { CommandEntry } from "./command_entry.ts";

/** Every subcommand, in the order that help lists them. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "decode",
    summary: "show one packet or message as a field tree with bit offsets",
    permissions: "--allow-read --allow-env",
    load: () => import("./decode.ts"),
  },
  {
    name: "encode",
    summary: "turn the JSON form of a packet or message into bytes",
    permissions: "--allow-read --allow-env",
    load: () => import("./encode.ts"),
  },
  {
    name: "testee",
    summary: "drive this library over JSON lines (the interface of the conformance suite)",
    permissions: "--allow-read --allow-env",
    load: () => import("./testee.ts"),
  },
  {
    name: "explain",
    summary: "say what an exit code, an error code, a fault reason or a requirement id means",
    permissions: "--allow-read --allow-env",
    load: () => import("./explain.ts"),
  },
];
