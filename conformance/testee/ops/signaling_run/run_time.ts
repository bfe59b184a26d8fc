/** What runs of peers and of servers share: their time, their inputs as text, and what they send. */
import type { JsonValue } from "../../../../lib/signaling/json_value.ts";
import type { Fields } from "../../request.ts";

/** Virtual Unix time at 0, unless the config says otherwise. */
const UNIX_START_MS = 1_700_000_000_000;
const MAX_UNTIL_MS = 7 * 24 * 3_600_000;

export interface Sent {
  readonly at_ms: number;
  readonly to?: string;
  readonly message: JsonValue;
}

export function unixStartOf(config: Fields): number {
  return config.numberOr("unix_start_ms", UNIX_START_MS);
}

/** When a run ends: with its last input, or at `until_ms`. */
export function untilOf(config: Fields, inputs: readonly Fields[]): number {
  const lastMs = inputs.at(-1)?.number("at_ms") ?? 0;
  return Math.min(MAX_UNTIL_MS, Math.max(lastMs, config.numberOr("until_ms", lastMs)));
}

/** The text of an input: `json` as it is, or `message` written out. */
export function textOf(input: Fields): string {
  return input.has("json") ? input.text("json") : JSON.stringify(input.value("message"));
}
