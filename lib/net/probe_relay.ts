/**
 * The way through a relay, with both peers in our own hand: one asks, the other answers, and each question's arrival is
 * known by one clock.
 *
 * ```
 * caller --HEARTBEAT--> relay --HEARTBEAT--> callee      arrived
 * caller <--------ACK-- relay <--------ACK-- callee      answered
 * ```
 */
import { utf8 } from "../base/bytes.ts";
import type { Rng } from "../base/rng.ts";
import { uuidV4 } from "../base/uuid.ts";
import type { HeartbeatSender } from "../probe/heartbeat_text.ts";
import { heartbeatAck } from "../signaling/heartbeat_ack.ts";
import { parseMessage, writeMessage } from "../signaling/parse_message.ts";
import type { Clock } from "./clock.ts";
import type { ProbeChannel, ProbeChannelEvents } from "./probe_channel.ts";
import { RelayEnd, type RelayEndEvents } from "./relay_end.ts";
import type { OpenUdp } from "./udp_io.ts";

export interface RelayedPath {
  readonly ip: string;
  readonly port: number;
  /** Issues the tokens of both peers. Secret. */
  readonly secret: Uint8Array;
  /** The session, and the peer that asks; the other one is made up. */
  readonly from: HeartbeatSender;
  readonly timeoutMs: number;
}

/** Binds both peers. Throws NetError: `refused` with the relay's word, `unreachable` where it is silent. */
export async function openRelayProbe(
  path: RelayedPath,
  clock: Clock,
  rng: Rng,
  events: ProbeChannelEvents,
  openUdp: OpenUdp,
): Promise<ProbeChannel> {
  const ends: RelayEnd[] = [];
  const over = (why: string) => {
    for (const end of ends) end.close();
    events.closed(why);
  };
  const { ip, port, secret, timeoutMs, from: { sessionId } } = path;
  const open = (peerId: string, unit: (unit: Uint8Array, atMs: number) => void) => {
    const transport = openUdp({ host: ip.includes(":") ? "::" : "0.0.0.0", port: 0 });
    const options = { transport, ip, port, secret, sessionId, peerId, timeoutMs, renews: true };
    const ends: RelayEndEvents = { unit: (bytes, start, end, atMs) => unit(bytes.subarray(start, end), atMs), over };
    return new RelayEnd(options, clock, ends);
  };
  const caller = open(path.from.peerId, (unit, atMs) => events.unit(unit, atMs));
  const callee = open(uuidV4(rng), answer);
  ends.push(caller, callee);
  try {
    await Promise.all(ends.map((end) => end.bind()));
  } catch (error) {
    for (const end of ends) end.close();
    throw error;
  }
  return {
    method: "heartbeat",
    isDatagram: true,
    from: path.from,
    hearsArrivals: true,
    send: (question) => caller.send(utf8(question.text)),
    close() {
      for (const end of ends) end.close();
    },
  };

  function answer(unit: Uint8Array, atMs: number): void {
    const parsed = parseMessage(unit);
    if (!parsed.ok || parsed.value.type !== "HEARTBEAT") return;
    const { sequence, challenge = "" } = parsed.value;
    const { observed } = caller.client;
    const ack = heartbeatAck(parsed.value, Math.floor(atMs + clock.unixOffsetMs), observed);
    callee.send(utf8(writeMessage(ack)));
    events.arrived(sequence, challenge, atMs);
  }
}
