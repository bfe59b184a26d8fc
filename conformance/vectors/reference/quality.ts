/** Clause 9.1, as the seed writes it. */
import { answering, type Judges } from "./judge.ts";

export const qualityJudges: Judges = {
  "quality.decide": answering((request) => {
    const { packet_loss: loss, rtt, cpu } = request as Readonly<Record<string, number>>;
    if (loss > 0.05 || rtt > 100) return { ok: { level: "lower" } };
    return { ok: { level: loss < 0.01 && rtt < 50 && cpu < 0.5 ? "higher" : "current" } };
  }),
};
