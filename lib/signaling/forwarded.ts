/** What a server may forward, and what it changes in it (SPEC 6.4). */
import type { ErrorCode } from "./error_codes.ts";
import { isJsonObject, type JsonObject } from "./json_value.ts";
import type { Message } from "./messages/registry.ts";

/** The token of CONNECT and HEARTBEAT is for the server alone. SPEC ARC-TRANSPORT-server-unchanged. */
export function withoutToken(json: JsonObject): JsonObject {
  if (json.type !== "CONNECT" && json.type !== "HEARTBEAT") return json;
  const { token: _token, ...rest } = json;
  return rest;
}

/**
 * CONNECT and CONNECT_ACK with the recipient's own relays, whatever the sender wrote there.
 * SPEC ARC-TRANSPORT-server-relays.
 */
export function withRelays(json: JsonObject, relays: () => readonly JsonObject[]): JsonObject {
  const { type, network_info } = json;
  if ((type !== "CONNECT" && type !== "CONNECT_ACK") || !isJsonObject(network_info)) return json;
  const { relay_servers: _claimed, ...info } = network_info;
  const relay_servers = relays();
  return { ...json, network_info: relay_servers.length === 0 ? info : { ...info, relay_servers } };
}

/**
 * Why a message is refused to the peer that has joined: it speaks for itself, in its own session. Undefined where it is
 * not. SPEC ARC-TRANSPORT-server-peer-id, ARC-TRANSPORT-server-session.
 */
export function judgeSender(
  message: Message,
  sessionId: string | undefined,
  peerId: string,
): { readonly code: ErrorCode; readonly message: string } | undefined {
  if (sessionId === undefined) return { code: "unauthorized", message: "join a session first" };
  if (message.type.startsWith("RELAY_")) {
    return { code: "bad_state", message: `${message.type} belongs to a relay's own port` };
  }
  if ("session_id" in message && message.session_id !== undefined && message.session_id !== sessionId) {
    return { code: "unauthorized", message: "this connection has joined another session" };
  }
  if ("peer_id" in message && message.peer_id !== undefined && message.peer_id !== peerId) {
    return { code: "unauthorized", message: "this connection has joined as another peer" };
  }
  return undefined;
}
