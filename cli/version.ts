import project from "../deno.json" with { type: "json" };

/** The program's version: deno.json is its one home. */
export const VERSION: string = project.version;

/** The protocol version that this program speaks. */
export const PROTOCOL_VERSION = "1.0";
