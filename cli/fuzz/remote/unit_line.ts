/** A way to a relay over which units go, whatever carries them; what comes waits until somebody asks for it. */
import { StreamLine } from "./stream_line.ts";
import { UdpLine } from "./udp_line.ts";

export interface RelayAddress {
  readonly transport: "udp" | "tcp" | "tls";
  readonly host: string;
  readonly port: number;
  /** Takes any certificate. */
  readonly insecure: boolean;
}

export interface UnitLine {
  /** Never throws: silence tells that nobody is there. */
  send(unit: Uint8Array): Promise<void>;
  /** All that comes within `ms` from now, and what waits. */
  gather(ms: number): Promise<Uint8Array[]>;
  /** The first unit that `isIt`; others are dropped. Undefined when none has come in time. */
  receive(isIt: (unit: Uint8Array) => boolean, timeoutMs: number): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** Opens nothing yet that could fail: a stream is connected with its first unit. */
export function unitLine(address: RelayAddress): UnitLine {
  return address.transport === "udp" ? new UdpLine(address) : new StreamLine(address);
}
