/** What a relay tells its operator, with addresses instead of numbers. Never a token, a proof or a key. */
import { formatHostPort } from "../base/address_table.ts";
import type { RelayAddresses } from "../relay/relay_addresses.ts";
import type { RelayEvent } from "../relay/relay_events.ts";

export type RelayServerEvent =
  | {
    readonly event: "bound";
    readonly how: string;
    readonly session: string;
    readonly peer: string;
    readonly transport: string;
    readonly from: string;
  }
  | { readonly event: "unbound"; readonly why: string; readonly session: string; readonly peer: string }
  | { readonly event: "address_lost"; readonly session: string; readonly peer: string }
  | {
    readonly event: "keys";
    readonly session: string;
    readonly peer: string;
    readonly ssrc: number;
    readonly epoch: number;
  }
  | {
    readonly event: "refused";
    readonly code: string;
    readonly message: string;
    readonly from: string;
    readonly session?: string;
    readonly peer?: string;
  }
  /** A connection that came no further than the door, or was shown out. */
  | { readonly event: "disconnected"; readonly transport: string; readonly from: string; readonly why: string }
  | { readonly event: "draining"; readonly sessions: number }
  /** Something failed here: `message` is for people. */
  | { readonly event: "failed"; readonly what: string; readonly message: string };

export type RelayServerLog = (event: RelayServerEvent) => void;

/** The relay's event, with its address written out. */
export function describeEvent(event: RelayEvent, addresses: RelayAddresses): RelayServerEvent {
  switch (event.kind) {
    case "bound": {
      const { transport, from } = describeAddress(event.address, addresses);
      const { outcome: how, sessionId: session, peerId: peer } = event;
      return { event: "bound", how, session, peer, transport, from };
    }
    case "ended":
      return { event: "unbound", why: event.reason, session: event.sessionId, peer: event.peerId };
    case "address_lost":
      return { event: "address_lost", session: event.sessionId, peer: event.peerId };
    case "keys":
      return { event: "keys", session: event.sessionId, peer: event.peerId, ssrc: event.ssrc, epoch: event.epoch };
    case "refused": {
      const { code, message, sessionId, peerId } = event;
      const { from } = describeAddress(event.address, addresses);
      return {
        event: "refused",
        code,
        message,
        from,
        ...(sessionId === undefined ? {} : { session: sessionId }),
        ...(peerId === undefined ? {} : { peer: peerId }),
      };
    }
  }
}

function describeAddress(address: number, addresses: RelayAddresses): { transport: string; from: string } {
  const source = addresses.describe(address);
  if (source === undefined) return { transport: "", from: "" };
  return { transport: source.transport, from: formatHostPort({ host: source.ip, port: source.port }) };
}
