/** The message that the cases of the area `json` are made of. */

export const SESSION = "550e8400-e29b-41d4-a716-446655440000";
export const MESSAGE = { type: "HEARTBEAT", session_id: SESSION, sequence: 7, timestamp: 9 };
/** The members of {@link MESSAGE} without the braces. */
export const MEMBERS = JSON.stringify(MESSAGE).slice(1, -1);

/** A good message with more members behind its own. */
export function withMembers(more: string): string {
  return `{${MEMBERS},${more}}`;
}

/** Marks the place of the fault in the texts below; it is no part of them. */
export const HERE = "\u2316";

export function place(marked: string): { readonly text: string; readonly offset: number } {
  const offset = marked.indexOf(HERE);
  if (offset < 0) throw new Error(`No place is marked in ${marked}`);
  return { text: marked.replace(HERE, ""), offset };
}

export const BAD_JSON = "ARC-SIG-json-object";
