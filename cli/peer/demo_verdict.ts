/**
 * What is wrong with a demo. On a good network every frame must come; on one that was made bad, of the frames that are
 * repaired (PR 0 and 1: audio and key frames) as many as the repair can be blamed for, and none that differs.
 */
import { messageOf } from "./call_summary.ts";
import type { DemoResult } from "./demo_run.ts";
import { type ClassBalance, isWhole } from "./frame_ledger.ts";

export const DIRECTIONS = ["caller to callee", "callee to caller"] as const;

/** FEC and NACK together make good nine in ten of the losses, or something is wrong with them. */
const UNREPAIRED_SHARE = 0.1;
/** Without repair, and where whole runs are lost, chance has more room: a key frame of many packets is lost with one. */
const CHANCE = 2;
/** SPEC ARC-PATH-failover: a peer that has lost its address is found again in less. */
const OUTAGE_MS = 2000;

/** Of PR 0 and 1, over all streams: how many are missing, and how many may be. */
export interface CriticalBalance {
  readonly sent: number;
  readonly missing: number;
  readonly allowed: number;
}

/** What is wrong, a sentence each; empty where all that had to come came as it was and the keys were changed. */
export function demoFailures(result: DemoResult): string[] {
  const { streams, ends, epochs } = result;
  const failures: string[] = [];
  for (const { direction, stream, ledger } of streams) {
    const { sent, missing, different } = ledger.balance;
    const isGood = result.impair === undefined ? isWhole(ledger.balance) : sent > 0 && different === 0;
    if (isGood) continue;
    failures.push(
      `${stream.kind} ${stream.codec}, ${DIRECTIONS[direction]}: ` +
        (sent === 0 ? "nothing was sent" : `of ${sent} frames ${missing} are missing, ${different} differ`),
    );
  }
  const critical = criticalBalance(result);
  if (critical !== undefined && critical.missing > critical.allowed) {
    const { sent, missing, allowed } = critical;
    failures.push(`of ${sent} frames of PR 0 and 1 ${missing} are missing, the impairment explains ${allowed}`);
  }
  result.paths.forEach((path, side) => {
    const who = side === 0 ? "the caller" : "the callee";
    if (path === undefined) failures.push(`${who} has never had a path`);
    else if (result.relayedUnits !== undefined && path.kind !== "relay") {
      failures.push(`the media of ${who} went to ${path.place}, not through the relay`);
    }
  });
  if (epochs.some((epoch) => epoch < 1)) failures.push("the keys were not changed on both sides");
  for (const end of ends) {
    if (end.kind === "failed") failures.push(messageOf(end.error));
    else if (end.why !== "user_request") failures.push(`the session ended with ${end.why}: ${end.message}`);
  }
  return failures;
}

/** Over all streams, by PR. */
export function classBalances({ streams }: DemoResult): ClassBalance[] {
  const sums = [0, 1, 2, 3].map((): ClassBalance => ({ sent: 0, identical: 0 }));
  for (const { ledger } of streams) {
    ledger.classes.forEach(({ sent, identical }, priority) => {
      sums[priority].sent += sent;
      sums[priority].identical += identical;
    });
  }
  return sums;
}

/** Undefined on a network that was left as it is: there nothing may be missing. */
export function criticalBalance(result: DemoResult): CriticalBalance | undefined {
  const { impair } = result;
  if (impair === undefined) return undefined;
  const [audio, key] = classBalances(result);
  const sent = audio.sent + key.sent;
  const { injected, impairment } = impair;
  // A unit that is held back is lost for those who do not wait for it.
  const hurt = (injected.lost + injected.reordered) / Math.max(1, injected.passed + injected.lost);
  const isRepaired = result.repairs && impairment.burstPackets === 1;
  const share = hurt * (isRepaired ? UNREPAIRED_SHARE : CHANCE);
  const outages = (injected.rebinds * OUTAGE_MS) / result.elapsedMs;
  // Where anything is lost at all, a frame may go with it.
  const allowed = Math.min(sent, Math.ceil(sent * (share + outages)));
  return { sent, missing: sent - audio.identical - key.identical, allowed };
}
