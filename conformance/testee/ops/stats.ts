/** `stats`: what was refused since the testee began, by reason. */
import { opOk, type Ops } from "../testee.ts";

export const statsOps: Ops = {
  "stats": (_request, { counters }) => opOk(counters.snapshot()),
};
