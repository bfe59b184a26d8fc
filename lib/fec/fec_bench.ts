/** FEC of one key frame of 20 packets, per packet: `deno bench lib/fec/`. */
import { SeededRng } from "../base/rng.ts";
import { planRepairs, repairPayloadBytes, writeRepairPayload } from "./encoder.ts";
import { FecRecovery } from "./recovery.ts";
import { sourceOf, SSRC } from "./testing/sources.ts";

const PACKETS = 20;

for (const payloadBytes of [160, 1132]) {
  const rng = new SeededRng(1);
  const sources = Array.from({ length: PACKETS }, (_, sequenceNumber) =>
    sourceOf({
      payloadType: 98,
      sequenceNumber,
      timestamp: 7,
      ssrc: SSRC,
      quality: 0,
      priority: 1,
      keyPhase: 0,
      payload: rng.fill(new Uint8Array(payloadBytes)),
    }));
  const out = new Uint8Array(2048);
  Deno.bench(`encode 4 repairs of ${PACKETS} packets, ${payloadBytes} B`, () => {
    for (const plan of planRepairs(PACKETS)) writeRepairPayload(sources, plan, out, 0);
  });

  const repairs = planRepairs(PACKETS).map((plan) => {
    const repair = new Uint8Array(repairPayloadBytes(sources, plan));
    writeRepairPayload(sources, plan, repair, 0);
    return repair;
  });
  const recovery = new FecRecovery(SSRC);
  let first = 0;
  Deno.bench(`take in ${PACKETS - 4} of ${PACKETS} packets and restore 4, ${payloadBytes} B`, () => {
    // Each frame is 65536 packets on, so that the sequence numbers stay those of the repairs.
    first += 0x1_0000;
    for (let i = 0; i < PACKETS; i++) if (i < 4 || i >= 8) recovery.handleSource(first + i, sources[i]);
    for (const repair of repairs) recovery.handleRepair(repair, 0, repair.length, first);
    for (let i = 0; i < 4; i++) if (recovery.poll() === undefined) throw new Error("must restore");
  });
}
