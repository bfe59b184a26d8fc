/** One packet through the jitter buffer: `deno bench lib/jitter/`. */
import { JitterBuffer } from "./buffer.ts";
import { NackScheduler } from "./nack.ts";

for (const bytes of [160, 1200]) {
  const buffer = new JitterBuffer();
  const packet = {
    index: 0,
    timestampTicks: 0,
    clockRateHz: 90_000,
    bytes: new Uint8Array(2048),
    start: 64,
    end: 64 + bytes,
  };
  let nowMs = 0;
  Deno.bench(`handle and poll, ${bytes} B`, () => {
    nowMs += 1;
    packet.index++;
    packet.timestampTicks = (packet.timestampTicks + 90) >>> 0;
    buffer.handle(packet, nowMs + (packet.index & 3));
    while (buffer.poll(nowMs) !== undefined);
  });
}

const nack = new NackScheduler();
let index = 0;
Deno.bench("NACK scheduler, no loss", () => {
  nack.handle(index++, index);
});
