import assert from "node:assert/strict";
import type { DatagramTransport } from "./datagram.ts";
import { openUdpBesideTcp } from "./udp_beside_tcp.ts";
import { openUdp, type UdpOptions } from "./udp_deno.ts";

const LOOPBACK = "127.0.0.1";

/** Tries `openUdpBesideTcp` where the system's first choices have a TCP listener on their numbers. */
function withTaken(
  takenChoices: number,
  port: number,
  check: (transport: DatagramTransport, opened: readonly number[]) => void,
): void {
  const opened: number[] = [];
  const listeners: Deno.Listener[] = [];
  const occupy = (taken: number) => {
    try {
      listeners.push(Deno.listen({ hostname: LOOPBACK, port: taken }));
    } catch (error) {
      // Somebody else on this host has it, which is as good.
      assert.ok(error instanceof Deno.errors.AddrInUse, String(error));
    }
  };
  const open = (options: UdpOptions) => {
    const transport = openUdp(options);
    opened.push(transport.local.port);
    if (opened.length <= takenChoices) occupy(transport.local.port);
    return transport;
  };
  const transport = openUdpBesideTcp(open, { host: LOOPBACK, port });
  try {
    check(transport, opened);
  } finally {
    transport.close();
    for (const listener of listeners) listener.close();
  }
}

Deno.test("a UDP port whose number TCP has in use is given back, and another one taken", () =>
  withTaken(2, 0, (transport, opened) => {
    assert.ok(opened.length >= 3, `${opened.length} choices`);
    assert.equal(transport.local.port, opened.at(-1));
    Deno.listen({ hostname: LOOPBACK, port: transport.local.port }).close();
  }));

Deno.test("where TCP has every number in use, the UDP port is kept after some tries: media needs no TCP", () =>
  withTaken(Infinity, 0, (transport, opened) => {
    assert.equal(opened.length, 8);
    assert.equal(transport.local.port, opened.at(-1));
  }));

Deno.test("a UDP port that was asked for is kept, whatever TCP has there", () => {
  const before = openUdp({ host: LOOPBACK, port: 0 });
  const { port } = before.local;
  before.close();
  withTaken(1, port, (transport, opened) => {
    assert.deepEqual(opened, [port]);
    assert.equal(transport.local.port, port);
  });
});
