/** What the cases of messages share: how they are named, and how one is put down. */
import { EXAMPLES } from "../../lib/signaling/examples.ts";
import type { CaseFault, Group, Json } from "./case.ts";

export const TABLE_RULE = "ARC-SIG-message-tables";

/** `connect-network-info-nat-type-missing`. */
export function idOf(type: string, path: string, what: string): string {
  const place = path.replaceAll("[0]", "-item").replaceAll(".", "-").replaceAll("_", "-");
  return `${type.toLowerCase().replaceAll("_", "-")}-${place === "" ? "" : `${place}-`}${what}`;
}

/** The request that parses a message. */
export function parsing(message: Json): Json {
  return { json: JSON.stringify(message) };
}

type Type = keyof typeof EXAMPLES;

/** The example with required fields alone, and the one with all. */
export function example(type: Type): { readonly minimal: Json; readonly full: Json } {
  return EXAMPLES[type] as unknown as { readonly minimal: Json; readonly full: Json };
}

/** The least that an accepting CONNECT_ACK has: the minimal example is a refusal. */
export const ACCEPTANCE: Json = (() => {
  const { type, version, session_id, peer_id, selected_codecs, encryption, timestamp } = example("CONNECT_ACK").full;
  const { algorithm, key_exchange, public_key } = encryption as Json;
  return {
    type,
    version,
    session_id,
    peer_id,
    accepted: true,
    selected_codecs: { audio: (selected_codecs as Json).audio },
    network_info: {},
    encryption: { algorithm, key_exchange, public_key },
    timestamp,
  };
})();

/** Puts down cases of one message type. */
export interface Editor {
  readonly good: (id: string, comment: string, requirements: string, message: Json, shown?: Json) => void;
  readonly bad: (id: string, comment: string, requirements: string, message: Json, fault: CaseFault) => void;
}

export function editor(group: Group, type: Type): Editor {
  return {
    good: (id, comment, requirements, message, shown = message) =>
      group.valid(idOf(type, "", id), comment, requirements, parsing(message), { message: shown }),
    bad: (id, comment, requirements, message, fault) =>
      group.invalid(idOf(type, "", id), comment, requirements, parsing(message), { fault }),
  };
}

export function missing(path: string): CaseFault {
  return { reason: "missing_field", path };
}

export function wrongType(path: string): CaseFault {
  return { reason: "bad_type", path };
}

export function badValue(path: string): CaseFault {
  return { reason: "bad_value", path };
}
