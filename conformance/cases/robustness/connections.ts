/** Bare connections to a server that bring something malformed, a few at a time. */
import { utf8 } from "../../../lib/base/bytes.ts";
import { PLAIN_SUBPROTOCOL } from "../../../lib/net/websocket_link.ts";
import type { Line } from "../../drive/line.ts";
import type { BareListener, ServerWorld } from "../../drive/server_world.ts";
import type { Malformed } from "./malformed.ts";
import { handshakeText } from "./websocket_bytes.ts";

/** Connections that are open at a time beside the honest ones: far from any limit of an address. */
export const AT_A_TIME = 8;

/**
 * A connection for each input, whose pieces it brings one after the other. Each few are closed once `meanwhile` is done.
 * All that is random was drawn before: connections are opened in any order.
 */
export async function throughConnections(
  inputs: readonly (readonly Uint8Array[])[],
  open: (i: number) => Promise<Line>,
  meanwhile: () => Promise<void>,
): Promise<void> {
  for (let i = 0; i < inputs.length; i += AT_A_TIME) {
    const few = inputs.slice(i, i + AT_A_TIME).map(async (pieces, k) => {
      const line = await open(i + k);
      for (const piece of pieces) await line.send(piece);
      return line;
    });
    const lines = await Promise.all(few);
    await meanwhile();
    for (const line of lines) line.close();
  }
}

/** The server's WebSocket listener, plain where it has that, as a client comes to it. */
export class WebSocketDoor {
  readonly listener: BareListener;
  readonly url: URL;
  /** The request of an honest client. */
  readonly request: Uint8Array;
  readonly #world: ServerWorld;

  constructor(world: ServerWorld, { random }: Malformed) {
    const { plain, phoenix } = world.target;
    const given = plain ?? phoenix ?? world.skip("needs --target ws://HOST:PORT");
    this.#world = world;
    this.listener = plain === undefined ? "phoenix" : "plain";
    this.url = new URL(given);
    const { token } = world.credentials(world.caller);
    if (token !== undefined) this.url.searchParams.set("token", token);
    this.request = utf8(handshakeText(this.url, plain === undefined ? undefined : PLAIN_SUBPROTOCOL, random));
  }

  /** A connection that has said nothing. */
  bare(name: string): Promise<Line> {
    return this.#world.bytes(name, this.listener);
  }

  /** A connection that has become a WebSocket. */
  async opened(name: string): Promise<Line> {
    const line = await this.bare(name);
    await line.send(this.request);
    await line.next("a switch to WebSocket", isSwitch);
    return line;
  }
}

export function isSwitch(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes).startsWith("HTTP/1.1 101");
}
