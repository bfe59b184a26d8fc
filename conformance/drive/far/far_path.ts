/** Where the peer under test can reach the other peer, straight or, as far as it knows, through a relay. */
import type { HostPort } from "../../../lib/base/address_table.ts";
import type { Line } from "../line.ts";

/** A way that units take: a UDP socket of ours, or a TCP or TLS connection. */
export interface FarPath {
  readonly line: Line;
  readonly local: HostPort;
  /** The end of the peer under test, as far as it is known. */
  readonly remote: HostPort | undefined;
  /** HEARTBEATs that come here are answered; a path that is switched off is as good as cut. */
  isAnswering: boolean;
  /** Sends a unit as it is. */
  send(unit: Uint8Array): Promise<void>;
}

/** An address of ours: a UDP socket, which is a path itself, or a listener, whose connections are. */
export interface FarPlace {
  readonly name: string;
  readonly local: HostPort;
  /** That of the paths that come from here on. */
  isAnswering: boolean;
  /** The newest path that leads here. */
  readonly latest: FarPath | undefined;
  owns(path: FarPath): boolean;
}

/** What happens on paths, for whoever hears the peer under test. Units are borrowed. */
export interface PathEvents {
  opened(path: FarPath): void;
  took(path: FarPath, unit: Uint8Array): void;
  closed(path: FarPath, why: string): void;
}
