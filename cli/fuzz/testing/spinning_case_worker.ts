/** A parser in a loop without end where a 7 stands behind a 1; see spinning_child.ts. */
import { answerCases } from "../answer_cases.ts";
import { spin } from "./spin.ts";

answerCases((name) => ({
  name,
  run: (units) => {
    for (const unit of units) {
      const from = unit.indexOf(1);
      if (from >= 0 && unit.indexOf(7, from) >= 0) spin();
    }
    return "ended";
  },
}));
