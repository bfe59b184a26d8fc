/** Messages that fit a running session, but for what is wrong with them: how a machine in a state is sent astray. */
import { utf8 } from "../base/bytes.ts";
import { EXAMPLES } from "../signaling/examples.ts";
import { MESSAGE_TYPES, type MessageType } from "../signaling/messages/registry.ts";
import { generateMessage } from "./generate_message.ts";
import { mutateJson } from "./mutate_json.ts";
import type { CaseRandom } from "./target.ts";

const MAX_MESSAGE_BYTES = 8192;

/** Whose session it is; `peerId` is who seems to speak. */
export interface MessageSetting {
  readonly sessionId: string;
  readonly peerId: string;
  readonly unixMs: number;
}

/** A message for the session, of any kind unless told: an example or one made from its schema, mutated in half of the cases. */
export function strayMessage(
  setting: MessageSetting,
  random: CaseRandom,
  type: MessageType = random.pick(MESSAGE_TYPES),
): Uint8Array {
  const message = random.bool()
    ? utf8(JSON.stringify(random.bool() ? EXAMPLES[type].full : EXAMPLES[type].minimal))
    : generateMessage(type, random);
  const fitting = fitted(message, setting, random);
  return random.bool() ? fitting : mutateJson(fitting, message, random, MAX_MESSAGE_BYTES);
}

/** Another version of a message that was really sent. */
export function strayVersion(sent: string, random: CaseRandom): Uint8Array {
  const original = utf8(sent);
  if (random.oneIn(4)) return original;
  return mutateJson(original, original, random, MAX_MESSAGE_BYTES);
}

/** Session, sender and time become the session's own, each but once in eight. */
function fitted(message: Uint8Array, { sessionId, peerId, unixMs }: MessageSetting, random: CaseRandom): Uint8Array {
  const fields = JSON.parse(new TextDecoder().decode(message));
  const keep = () => random.oneIn(8);
  if ("session_id" in fields && !keep()) fields.session_id = sessionId;
  if ("peer_id" in fields && !keep()) fields.peer_id = peerId;
  if ("timestamp" in fields && !keep()) fields.timestamp = unixMs + random.below(1000);
  return utf8(JSON.stringify(fields));
}
