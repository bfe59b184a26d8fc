import assert from "node:assert/strict";
import { utf8 } from "../../lib/base/bytes.ts";
import { NIL_UUID } from "../../lib/base/uuid.ts";
import { systemClock } from "../../lib/net/clock.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { parseRelayReport } from "../../lib/relay/relay_report.ts";
import { messageOf } from "./line.ts";
import { PlayedSite } from "./played_sites.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

Deno.test("a relay that is played answers nil HEARTBEATs over UDP, with no more bytes than came, unless it is silent", async () => {
  const site = new PlayedSite(LOOPBACK, systemClock());
  const asker = Deno.listenDatagram({ transport: "udp", hostname: LOOPBACK.host, port: 0 });
  const ask = (message: object) =>
    asker.send(utf8(JSON.stringify(message)), { transport: "udp", hostname: site.place.host, port: site.place.port });
  const heartbeat = (sequence: number, more: object = { pad: "0".repeat(300) }) => ({
    ...{ type: "HEARTBEAT", session_id: NIL_UUID, sequence, challenge: "0011223344556677", timestamp: 5, ...more },
  });
  try {
    await ask(heartbeat(1, {}));
    await ask({ ...heartbeat(2), session_id: "88888888-8888-4888-8888-888888888888" });
    await ask(heartbeat(3));
    const [unit] = await asker.receive();
    const { type, sequence, challenge, original_timestamp, observed } = messageOf(unit);
    const { port } = asker.addr as Deno.NetAddr;
    assert.deepEqual([type, sequence, challenge, original_timestamp], ["HEARTBEAT_ACK", 3, "0011223344556677", 5]);
    assert.deepEqual(observed, { ip: LOOPBACK.host, port });
    site.isAnswering = false;
    await ask(heartbeat(4));
    while (site.asked.heartbeats < 3) await new Promise((resolve) => setTimeout(resolve, 1));
    site.recover();
    await ask(heartbeat(5));
    assert.equal(messageOf((await asker.receive())[0]).sequence, 5);
  } finally {
    asker.close();
    await site.close();
  }
});

Deno.test("a relay that is played shows its load over HTTP at the same port, as servers read it", async () => {
  const site = new PlayedSite(LOOPBACK, systemClock());
  const page = async (path: string) => {
    const response = await fetch(`http://${site.place.host}:${site.place.port}${path}`);
    return { status: response.status, text: await response.text() };
  };
  try {
    assert.deepEqual(unwrap(parseRelayReport((await page("/metrics")).text)), { load: 0.1, isDraining: false });
    site.load = 0.95;
    site.isDraining = true;
    assert.deepEqual(unwrap(parseRelayReport((await page("/metrics")).text)), { load: 0.95, isDraining: true });
    site.recover();
    assert.deepEqual(unwrap(parseRelayReport((await page("/metrics")).text)), { load: 0.1, isDraining: false });
    assert.deepEqual(site.asked, { heartbeats: 0, metrics: 3 });
    assert.equal((await page("/")).status, 404);
    assert.throws(() => new PlayedSite(site.place, systemClock()), Deno.errors.AddrInUse);
  } finally {
    await site.close();
  }
});
