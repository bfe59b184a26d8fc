/** Our own signaling server, broken: its hub, whom it lets in, its limits, or what stands in front of it. */
import { utf8 } from "../../lib/base/bytes.ts";
import type { Bus } from "../../lib/net/bus.ts";
import { type JoinAuth, jwtAuth, OPEN_AUTH } from "../../lib/net/join_auth.ts";
import { secretKeySource } from "../../lib/net/jwt_keys.ts";
import { SignalingServer, type SignalingServerOptions } from "../../lib/net/signaling_server.ts";
import { MemoryBus } from "../../lib/net/testing/memory_bus.ts";
import { SignalingHub } from "../../lib/signaling/hub.ts";
import { isJsonObject } from "../../lib/signaling/json_value.ts";
import { parseJson } from "../../lib/signaling/json.ts";
import { serverDriver } from "../drive/server_world.ts";
import { targetOf } from "../drive/testing.ts";
import type { Mutant, MutantHead } from "./mutant.ts";
import { type FrameChange, startWebSocketProxy } from "./websocket_proxy.ts";

const ANY_PORT = { host: "127.0.0.1", port: 0 };
const SECRET = "a secret of thirty-two bytes or more";

/** The server with these options in place of the right ones. */
export function serverMutant(head: MutantHead, options: Partial<SignalingServerOptions>): Mutant {
  return {
    ...head,
    async start() {
      const server = await startServer(options);
      return { subjects: { server: serverDriver(targetOf(server.urls)) }, stop: () => server.close() };
    },
  };
}

/** The hub with some of its methods overridden. */
export function hubMutant(head: MutantHead, make: (Hub: typeof SignalingHub) => typeof SignalingHub): Mutant {
  return serverMutant(head, { hub: make(SignalingHub) });
}

/** The server on a bus that the suite is on too: its way to the bus changed, or its hub. */
export function busMutant(
  head: MutantHead,
  change: (bus: Bus) => Bus,
  hub: typeof SignalingHub = SignalingHub,
): Mutant {
  return {
    ...head,
    async start() {
      const { open } = new MemoryBus();
      const server = await startServer({
        hub,
        bus: { open: (events) => change(open(events)), name: "memory", serverId: "mutant" },
      });
      const target = { ...targetOf(server.urls), bus: { description: "a bus in memory", open } };
      return { subjects: { server: serverDriver(target) }, stop: () => server.close() };
    },
  };
}

/** A server that wants tokens, and judges them as `change` does: it is given the right judge, and what a token says. */
export function authMutant(
  head: MutantHead,
  change: (right: JoinAuth, claimsOf: (token: string | undefined, part: 0 | 1) => Claims) => JoinAuth["judge"],
): Mutant {
  return {
    ...head,
    async start() {
      const judge = change(jwtAuth(secretKeySource(SECRET)), claimsOf);
      const server = await startServer({ auth: { name: "mutant", judge } });
      const target = { ...targetOf(server.urls), authSecret: SECRET };
      return { subjects: { server: serverDriver(target) }, stop: () => server.close() };
    },
  };
}

/** The server behind a proxy of WebSockets that changes frames. */
export function frameMutant(head: MutantHead, change: FrameChange): Mutant {
  return {
    ...head,
    async start() {
      const server = await startServer({});
      const { phoenix, plain } = targetOf(server.urls);
      const proxies = await Promise.all([phoenix, plain].map((url) => startWebSocketProxy(String(url), change)));
      const [phoenixProxy, plainProxy] = proxies;
      const target = { phoenix: new URL(phoenixProxy.url), plain: new URL(plainProxy.url), trust: {} };
      return {
        subjects: { server: serverDriver(target) },
        stop: async () => {
          await Promise.all(proxies.map((proxy) => proxy.stop()));
          await server.close();
        },
      };
    },
  };
}

function startServer(options: Partial<SignalingServerOptions>): Promise<SignalingServer> {
  return SignalingServer.start({ auth: OPEN_AUTH, webSocket: ANY_PORT, stream: ANY_PORT, udp: ANY_PORT, ...options });
}

type Claims = { readonly [name: string]: unknown };

/** Header or payload of a token, unverified; nothing where there is none. */
function claimsOf(token: string | undefined, part: 0 | 1): Claims {
  try {
    const text = atob((token ?? "").split(".")[part].replaceAll("-", "+").replaceAll("_", "/"));
    const json = parseJson(utf8(text));
    return json.ok && isJsonObject(json.value) ? json.value : {};
  } catch {
    return {};
  }
}
