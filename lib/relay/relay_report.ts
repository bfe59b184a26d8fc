/** A relay's load and state as its `/metrics` shows them (SPEC ARC-RELAY-status). */
import { fault, ok, type Parsed } from "../base/parsed.ts";
import type { RelayReport } from "./relay_health_state.ts";

const LOAD = "arcrtc_relay_load";
const DRAINING = "arcrtc_relay_draining";

/** Reads the page; what else is on it is passed over. A relay that does not say whether it drains does not. */
export function parseRelayReport(page: string): Parsed<RelayReport> {
  const load = gaugeOf(page, LOAD);
  if (load === undefined) return fault("missing_field", `Cannot parse relay metrics: there is no ${LOAD}`);
  if (!(load >= 0 && load <= 1)) {
    return fault("bad_value", `Cannot parse relay metrics: need ${LOAD} in 0..1, got ${load}`);
  }
  return ok({ load, isDraining: gaugeOf(page, DRAINING) === 1 });
}

/** The value of a metric without labels. */
function gaugeOf(page: string, name: string): number | undefined {
  const match = new RegExp(`^${name}[ \\t]+(\\S+)`, "m").exec(page);
  return match === null ? undefined : Number(match[1]);
}
