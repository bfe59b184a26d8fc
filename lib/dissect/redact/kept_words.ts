/** What the messages of the protocol say in words of its own: these tell nothing about anyone, and stay. */
import { CODECS } from "../../media/codec.ts";
import { AUTHENTICATIONS, SUITE_NAMES } from "../../crypto/suites.ts";
import { ARMORICORE_WORDS } from "../../signaling/armoricore_messages.ts";
import { ERROR_CODE_NAMES } from "../../signaling/error_codes.ts";
import { MESSAGE_SCHEMAS, STATUS_SCHEMAS } from "../../signaling/messages/registry.ts";

/** What of a schema is looked at: valibot's own shape. */
interface Shape {
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly item?: Shape;
  readonly wrapped?: Shape;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
}

const words = new Set<string>([
  ...CODECS.map(({ name }) => name),
  ...SUITE_NAMES,
  ...AUTHENTICATIONS,
  ...ERROR_CODE_NAMES,
  ...ARMORICORE_WORDS,
  ...["1.0", "udp", "tcp", "tls", "arcrtc", "session", "relay", "server", "status", "all"],
  ...["phoenix", "heartbeat", "phx_join", "phx_leave", "phx_reply", "phx_close", "phx_error", "ok", "error"],
]);
const fields = new Set<string>();

function collect(shape: Shape): void {
  if (shape.wrapped !== undefined) collect(shape.wrapped);
  if (shape.item !== undefined) collect(shape.item);
  for (const [name, member] of Object.entries(shape.entries ?? {})) {
    fields.add(name);
    collect(member);
  }
  if (typeof shape.literal === "string") words.add(shape.literal);
  for (const option of shape.options ?? []) {
    if (typeof option === "string") words.add(option);
    else if (typeof option === "object" && option !== null) collect(option as Shape);
  }
}

for (const schema of [...Object.values(MESSAGE_SCHEMAS), ...Object.values(STATUS_SCHEMAS)]) {
  collect(schema as unknown as Shape);
}

/** Resolutions, version numbers, and the numbers that Phoenix counts its pushes by. */
const FIGURES = /^(?:\d{1,5}p|\d{1,5}x\d{1,5}|\d{1,6})$/;

export function isKeptWord(text: string): boolean {
  return words.has(text) || FIGURES.test(text);
}

/** Whether messages have a field of this name somewhere: its numbers are figures. */
export function isKnownField(name: string): boolean {
  return fields.has(name);
}
