/** Where a signaling server's WebSockets are, and whom it lets ask for them (SPEC 6.1). */
import { decodeUtf8, parseBase64Url } from "../base/bytes.ts";
import { isLoopback } from "./address_key.ts";
import type { UpgradeRequest, UpgradeVerdict } from "./websocket_listener.ts";
import { PLAIN_SUBPROTOCOL } from "./websocket_link.ts";

export type WebSocketFormat = "phoenix" | "plain";

/** SPEC ARC-TRANSPORT-phoenix-url. */
export const PHOENIX_PATH = "/socket/websocket";
export const PLAIN_PATH = "/plain";

/** How the official Phoenix client, given an `authToken`, keeps it out of the URL: in a subprotocol of this form. */
const TOKEN_PROTOCOL_PREFIX = "base64url.bearer.phx.";
const PHOENIX_PROTOCOL = "phoenix";

/**
 * Phoenix at its path, plain at the other or wherever its subprotocol is offered. `localPagesOnly`: a browser's page is
 * let in only when it comes from this machine; for servers that ask for no token, which any page could use otherwise.
 */
export function routeUpgrade(
  { url, protocols, origin }: UpgradeRequest,
  localPagesOnly: boolean,
): UpgradeVerdict<WebSocketFormat> {
  if (localPagesOnly && origin !== undefined && !isLocalPage(origin)) {
    return refuse(403, "pages of other machines may not use this open server; start it with --auth-secret");
  }
  const queryToken = url.searchParams.get("token") ?? undefined;
  if (url.pathname === PHOENIX_PATH) {
    const version = url.searchParams.get("vsn") ?? "2.0.0";
    if (version.startsWith("2.")) {
      const protocol = protocols.includes(PHOENIX_PROTOCOL) ? { protocol: PHOENIX_PROTOCOL } : {};
      return { kind: "accept", format: "phoenix", ...protocol, token: protocolToken(protocols) ?? queryToken };
    }
    return refuse(400, "only version 2 of Phoenix' frames is spoken here: connect with vsn=2.0.0");
  }
  if (protocols.includes(PLAIN_SUBPROTOCOL) && (url.pathname === PLAIN_PATH || url.pathname === "/")) {
    return { kind: "accept", format: "plain", protocol: PLAIN_SUBPROTOCOL, token: queryToken };
  }
  if (url.pathname === PLAIN_PATH) return refuse(400, `offer the WebSocket subprotocol ${PLAIN_SUBPROTOCOL}`);
  return refuse(404, `WebSockets are at ${PHOENIX_PATH} (Phoenix) and ${PLAIN_PATH} (${PLAIN_SUBPROTOCOL})`);
}

function protocolToken(protocols: readonly string[]): string | undefined {
  const text = protocols.find((name) => name.startsWith(TOKEN_PROTOCOL_PREFIX))?.slice(TOKEN_PROTOCOL_PREFIX.length);
  const bytes = text === undefined ? undefined : parseBase64Url(text.replaceAll("+", "-").replaceAll("/", "_"));
  const decoded = bytes?.ok ? decodeUtf8(bytes.value) : undefined;
  return decoded?.ok ? decoded.value : undefined;
}

function isLocalPage(origin: string): boolean {
  return URL.canParse(origin) && isLoopback(new URL(origin).hostname);
}

function refuse(status: number, text: string): UpgradeVerdict<WebSocketFormat> {
  return { kind: "refuse", status, text };
}
