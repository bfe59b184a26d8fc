/** The adaptation rule at its bounds: SPEC clause 9.1. */
import { Group, type VectorFile, vectorFile } from "./case.ts";

export function qualityVectors(): VectorFile {
  return vectorFile(
    "quality",
    "The seed's adapt_quality: loss share, round-trip time in ms and CPU share in, one word out. All comparisons are strict. No input is refused here; cases that must not be answered `higher` or `lower` say so in their comment.",
    {},
    [decide()],
  );
}

function decide(): Group {
  const group = new Group("quality.decide");
  const RULE = {
    lower: "ARC-QUALITY-rule-lower",
    higher: "ARC-QUALITY-rule-higher",
    current: "ARC-QUALITY-rule-current",
  };
  const add = (
    id: string,
    comment: string,
    level: keyof typeof RULE,
    packetLoss: number,
    rtt: number,
    cpu: number,
    extra = "",
  ) => group.valid(id, comment, `${RULE[level]}${extra}`, { packet_loss: packetLoss, rtt, cpu }, { level });
  add("perfect", "Nothing is lost, nothing takes time, nothing is used.", "higher", 0, 0, 0);
  add("good", "A good path and an idle machine.", "higher", 0.005, 20, 0.3);
  add("middling", "Neither good nor bad.", "current", 0.03, 70, 0.6);
  add(
    "loss-at-upper-bound",
    "A loss of exactly 0.05 is not above it.",
    "current",
    0.05,
    20,
    0.1,
    " ARC-QUALITY-rule-lower",
  );
  add(
    "loss-above-upper-bound",
    "The next number above 0.05 that a double tells apart.",
    "lower",
    0.05000000000000001,
    20,
    0.1,
  );
  add("rtt-at-upper-bound", "Exactly 100 ms is not above it.", "current", 0, 100, 0.1, " ARC-QUALITY-rule-lower");
  add("rtt-above-upper-bound", "A thousandth of a millisecond above.", "lower", 0, 100.001, 0.1);
  add(
    "loss-at-lower-bound",
    "A loss of exactly 0.01 is not below it.",
    "current",
    0.01,
    20,
    0.1,
    " ARC-QUALITY-rule-higher",
  );
  add("loss-below-lower-bound", "The next number below 0.01.", "higher", 0.009999999999999998, 20, 0.1);
  add("rtt-at-lower-bound", "Exactly 50 ms is not below it.", "current", 0, 50, 0.1, " ARC-QUALITY-rule-higher");
  add("rtt-below-lower-bound", "A thousandth of a millisecond below.", "higher", 0, 49.999, 0.1);
  add(
    "cpu-at-bound",
    "Exactly half of the processor is not below half.",
    "current",
    0,
    20,
    0.5,
    " ARC-QUALITY-rule-higher",
  );
  add("cpu-below-bound", "The next number below.", "higher", 0, 20, 0.49999999999999994);
  add("all-at-upper-bounds", "Loss and time both exactly at their bounds.", "current", 0.05, 100, 1);
  add("all-at-lower-bounds", "All three exactly at their bounds.", "current", 0.01, 50, 0.5);
  add(
    "cpu-never-lowers",
    "A machine at its limit alone does not lower: the rule asks for CPU only to raise.",
    "current",
    0,
    20,
    1,
    " ARC-QUALITY-rule-lower",
  );
  add("loss-alone-lowers", "Loss decides, whatever else is good.", "lower", 0.06, 0, 0);
  add("rtt-alone-lowers", "Time decides, whatever else is good.", "lower", 0, 101, 0);
  add("both-lower", "Loss and time both say lower.", "lower", 0.5, 500, 1);
  add("total-loss", "Nothing arrives.", "lower", 1, 0, 0);
  add("loss-between", "Loss between its bounds, the rest good: no reason to raise.", "current", 0.02, 10, 0.1);
  add("rtt-between", "Time between its bounds, the rest good: no reason to raise.", "current", 0, 80, 0.1);
  add("rtt-in-seconds", "A time of 0.08 is 0.08 ms, not 80: the unit is the millisecond.", "higher", 0, 0.08, 0.1);
  add("loss-in-percent", "A loss of 3 is beyond any share: the unit is not the percent.", "lower", 3, 20, 0.1);
  return group;
}
