/** TCP and TLS connections between the other peer, or a relay that it plays, and the peer under test. */
import type { Socket } from "node:net";
import { formatHostPort, type HostPort } from "../../../lib/base/address_table.ts";
import type { Line } from "../line.ts";
import type { Listener } from "../listener.ts";
import { socketChannel } from "../socket_channel.ts";
import type { FarPath, FarPlace, PathEvents } from "./far_path.ts";

/** One connection, whoever has opened it. */
export class FarConnection implements FarPath {
  readonly line: Line;
  readonly local: HostPort;
  readonly remote: HostPort;
  isAnswering: boolean;

  /** Owns the socket, which is connected. */
  constructor(line: Line, socket: Socket, isAnswering: boolean, events: PathEvents) {
    this.line = line;
    this.isAnswering = isAnswering;
    this.local = { host: socket.localAddress ?? "", port: socket.localPort ?? 0 };
    this.remote = { host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    const scheme = "encrypted" in socket ? "tls" : "tcp";
    line.divert((unit) => events.took(this, unit));
    line.opened(socketChannel(line, socket, `${scheme}://${formatHostPort(this.remote)}`));
    socket.once("close", () => events.closed(this, "the connection has ended"));
  }

  send(unit: Uint8Array): Promise<void> {
    return this.line.send(unit);
  }
}

/** Where sockets come from, and who closes them in the end. */
export interface Ground {
  openLine(name: string): Line;
  listen(port: number, tls: boolean, take: (socket: Socket) => void): Promise<Listener>;
}

/** A port where the other peer, or a relay that it plays, is reached. */
export class FarListener implements FarPlace {
  readonly name: string;
  isAnswering = true;
  readonly connections: FarConnection[] = [];
  #listener: Listener | undefined;

  private constructor(name: string) {
    this.name = name;
  }

  /** `port` 0 is any; TLS where `tls` says so. Rejects where the port is taken. */
  static async open(
    name: string,
    { port, tls }: { readonly port: number; readonly tls: boolean },
    ground: Ground,
    events: PathEvents,
  ): Promise<FarListener> {
    const far = new FarListener(name);
    far.#listener = await ground.listen(port, tls, (socket) => {
      const line = ground.openLine(`${name}, connection ${far.connections.length + 1}`);
      const connection = new FarConnection(line, socket, far.isAnswering, events);
      far.connections.push(connection);
      events.opened(connection);
    });
    return far;
  }

  get local(): HostPort {
    if (this.#listener === undefined) throw new Error(`${this.name} does not listen yet`);
    return this.#listener.local;
  }

  get latest(): FarConnection | undefined {
    return this.connections.at(-1);
  }

  owns(path: FarPath): boolean {
    return this.connections.some((connection) => connection === path);
  }
}
