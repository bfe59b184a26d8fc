/** `--pcap`: a session's own traffic on the media socket and its connections as a pcapng file, its keys inside. */
import { type HostPort, isStreamAddress } from "../../lib/base/address_table.ts";
import { utf8 } from "../../lib/base/bytes.ts";
import { writePcapngHeader, writePcapngPacket, writePcapngSecrets } from "../../lib/dissect/pcapng_writer.ts";
import { TcpConnectionWriter } from "../../lib/dissect/tcp_connection_writer.ts";
import { writeUdpPacket } from "../../lib/dissect/udp_packet_writer.ts";
import { FRAME_HEADER_BYTES, writeFrame } from "../../lib/packet/framing.ts";
import { VERSION } from "../version.ts";
import { isLoopbackHost, localEndpoints } from "./network_info.ts";
import { OutputFile } from "./output_file.ts";

/** Explains address numbers, those of connections too. */
export interface Describer {
  /** `ip` is what a host that is a name was found to be. */
  describe(address: number): (HostPort & { readonly ip?: string }) | undefined;
}

/**
 * Sockets do not see IP headers, so these are made up from the addresses: everything behind them is what was on the wire.
 * So are TCP's, with the media port at our end, and units from inside TLS stand there as if there were none.
 */
export class PacketCapture {
  /** Packets written. */
  packets = 0;
  readonly #file: OutputFile;
  readonly #local: HostPort;
  readonly #hosts: readonly string[];
  readonly #addresses: Describer;
  readonly #unixOffsetMs: number;
  readonly #connections = new Map<number, TcpConnectionWriter>();

  /** `local` is where the socket is bound; Unix time is the calls' `nowMs` + `unixOffsetMs`. @throws CliError */
  constructor(path: string, socket: { local: HostPort; addresses: Describer }, unixOffsetMs: number) {
    // The keys are inside: nobody else is to read it.
    this.#file = new OutputFile(path, { isSecret: true });
    this.#local = socket.local;
    this.#hosts = localEndpoints(socket.local, true).map(({ ip }) => ip);
    this.#addresses = socket.addresses;
    this.#unixOffsetMs = unixOffsetMs;
    this.#file.write(writePcapngHeader(`arcrtc ${VERSION}`, "media socket"));
  }

  /** Takes a unit as it crosses the socket; borrowed for the call. */
  unit(direction: "in" | "out", unit: Uint8Array, address: number, nowMs: number): void {
    const described = this.#addresses.describe(address);
    if (described === undefined) return;
    const remote = { host: described.ip ?? described.host, port: described.port };
    const local = { host: localHostTowards(remote.host, this.#hosts), port: this.#local.port };
    if (isStreamAddress(address)) return this.#framed(direction, unit, local, remote, address, nowMs);
    const packet = direction === "out" ? writeUdpPacket(local, remote, unit) : writeUdpPacket(remote, local, unit);
    if (!packet.ok) return;
    this.packets++;
    this.#write(packet.value, direction, nowMs);
  }

  #framed(
    direction: "in" | "out",
    unit: Uint8Array,
    local: HostPort,
    remote: HostPort,
    address: number,
    nowMs: number,
  ): void {
    let connection = this.#connections.get(address);
    if (connection === undefined) {
      this.#connections.set(address, connection = new TcpConnectionWriter(local, remote));
      for (const packet of connection.open()) this.#write(packet, direction, nowMs);
    }
    const frame = new Uint8Array(FRAME_HEADER_BYTES + unit.length);
    writeFrame(unit, frame, 0);
    for (const packet of connection.data(direction === "out", frame)) {
      this.packets++;
      this.#write(packet, direction, nowMs);
    }
  }

  #write(bytes: Uint8Array, direction: "in" | "out", nowMs: number): void {
    this.#file.write(writePcapngPacket({ bytes, direction, unixMs: nowMs + this.#unixOffsetMs }));
  }

  /** Lines of the key log, before the packets that they open. */
  secrets(keyLog: string): void {
    this.#file.write(writePcapngSecrets(keyLog));
  }

  close(): void {
    this.#file.close();
  }
}

/**
 * A socket bound to all addresses does not tell which one it used. To an address of this host it is that address, to
 * others the first that is not loopback: a guess where there are several networks.
 */
function localHostTowards(remote: string, hosts: readonly string[]): string {
  if (hosts.includes(remote)) return remote;
  return hosts.find((host) => isLoopbackHost(host) === isLoopbackHost(remote)) ?? hosts[0] ?? remote;
}

/** `--keylog`: appends, so that several sessions may share a file. */
export class KeyLogFile {
  readonly #file: OutputFile;

  /** @throws CliError */
  constructor(path: string) {
    this.#file = new OutputFile(path, { append: true, isSecret: true });
  }

  write(lines: string): void {
    this.#file.write(utf8(lines));
  }

  close(): void {
    this.#file.close();
  }
}
