/** What answers HEARTBEATs as a relay does, and keeps far more of each packet than it was; it prints its port. */
const LEAK_BYTES = 40_000_000;
const MAX_KEPT = 12;
/** Packets before it begins: nobody knows before what is usual. */
const GOOD_PACKETS = 30;

const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
console.log((socket.addr as Deno.NetAddr).port);
const kept: Uint8Array[] = [];
let packets = 0;
for await (const [unit, from] of socket) {
  if (unit[0] !== 0x7b) {
    if (++packets > GOOD_PACKETS && kept.length < MAX_KEPT) kept.push(new Uint8Array(LEAK_BYTES).fill(1));
    continue;
  }
  const ack = heartbeatAck(new TextDecoder().decode(unit));
  if (ack !== undefined) await socket.send(new TextEncoder().encode(JSON.stringify(ack)), from);
}

function heartbeatAck(text: string): object | undefined {
  try {
    const { type, session_id, sequence, challenge, timestamp } = JSON.parse(text);
    // A stranger's sign of life is of no session.
    if (type !== "HEARTBEAT" || !/^[0-]+$/.test(session_id)) return undefined;
    const times = { original_timestamp: timestamp, response_timestamp: timestamp, latency_ms: 0 };
    return { type: "HEARTBEAT_ACK", session_id, sequence, challenge, ...times };
  } catch {
    return undefined;
  }
}
