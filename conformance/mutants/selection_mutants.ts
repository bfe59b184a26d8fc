/** Signaling servers that choose relays for a session in a way of their own. */
import { systemClock } from "../../lib/net/clock.ts";
import { OPEN_AUTH } from "../../lib/net/join_auth.ts";
import { selectRelays } from "../../lib/relay/relay_selection.ts";
import { SignalingServer } from "../../lib/net/signaling_server.ts";
import { SignalingHub } from "../../lib/signaling/hub.ts";
import { PlayedSite } from "../drive/played_sites.ts";
import { serverDriver } from "../drive/server_world.ts";
import { servedSites, targetOf } from "../drive/testing.ts";
import type { Mutant, MutantHead } from "./mutant.ts";

const ANY_PORT = { host: "127.0.0.1", port: 0 };
const SECRET = new Uint8Array(32).fill(0x61);
const RELAYS = 5;
const RELAYS_PER_SESSION = 2;
const TOKEN_S = 60;
const NO_TOKEN = "A".repeat(32);

/** Which of the relays a peer of a session gets, best first. */
type Choose = (sites: readonly PlayedSite[], sessionId: string, peerId: string) => readonly PlayedSite[];

function selectionMutant(head: Omit<MutantHead, "breaks">, choose: Choose): Mutant {
  return {
    ...head,
    breaks: ["ARC-RELAY-selection"],
    async start() {
      const clock = systemClock();
      const sites = Array.from({ length: RELAYS }, () => new PlayedSite(ANY_PORT, clock));
      const entry = ({ place: { host: address, port } }: PlayedSite, priority: number) => ({
        id: `played-${port}`,
        address,
        port,
        priority,
        transport: "udp",
        token: NO_TOKEN,
        expires: Math.floor((clock.nowMs() + clock.unixOffsetMs) / 1000) + TOKEN_S,
      });
      const server = await SignalingServer.start({
        auth: OPEN_AUTH,
        webSocket: ANY_PORT,
        stream: ANY_PORT,
        // It asks them, and then chooses otherwise.
        relays: { sites: servedSites(sites), secret: SECRET, tokenTtlMs: TOKEN_S * 1000, reportIntervalMs: 50 },
        hub: class extends SignalingHub {
          constructor(...[unixOffsetMs, limits]: ConstructorParameters<typeof SignalingHub>) {
            super(unixOffsetMs, limits, (sessionId, peerId) => choose(sites, sessionId, peerId).map(entry));
          }
        },
      });
      return {
        subjects: { server: serverDriver({ ...targetOf(server.urls), sites }) },
        async stop() {
          await server.close();
          for (const site of sites) await site.close();
        },
      };
    },
  };
}

/** The right draw, over these. */
function drawn(sites: readonly PlayedSite[], sessionId: string): readonly PlayedSite[] {
  const candidates = sites.map((site) => ({ site, id: `${site.place.port}`, priority: 0, loadClass: 0 }));
  return selectRelays(sessionId, candidates, RELAYS_PER_SESSION).map(({ site }) => site);
}

export const SELECTION_MUTANTS: readonly Mutant[] = [
  selectionMutant(
    { id: "selection/each-peer-its-own", broken: "draws relays for each peer, not for the session" },
    (sites, _sessionId, peerId) => drawn(sites, peerId),
  ),
  selectionMutant(
    { id: "selection/the-first-always", broken: "hands out the first relays of its list to every session" },
    (sites) => sites.filter(({ isAnswering, isDraining }) => isAnswering && !isDraining).slice(0, RELAYS_PER_SESSION),
  ),
  selectionMutant(
    { id: "selection/silent-ones-too", broken: "hands out relays that do not answer it" },
    (sites, sessionId) => drawn(sites.filter(({ isDraining, load }) => !isDraining && load < 0.9), sessionId),
  ),
  selectionMutant(
    { id: "selection/busy-ones-too", broken: "hands out relays whatever their load" },
    (sites, sessionId) => drawn(sites.filter(({ isDraining, isAnswering }) => !isDraining && isAnswering), sessionId),
  ),
  selectionMutant(
    { id: "selection/draining-ones-too", broken: "hands out relays that say that they drain" },
    (sites, sessionId) => drawn(sites.filter(({ load, isAnswering }) => load < 0.9 && isAnswering), sessionId),
  ),
];
