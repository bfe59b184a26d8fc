/** A run as JSON lines: `start`, an event each, `summary`. Times are ms, delays with all their digits. */
import type { NoiseFloor } from "../../lib/net/probe_floor.ts";
import type { Finding } from "../../lib/probe/finding.ts";
import type { PeerClaims } from "../../lib/probe/peer_audit.ts";
import type { ProbeEvent, ProbeSummary } from "../../lib/probe/probe_report.ts";
import { EXIT } from "../exit_codes.ts";
import { delaysJson, tidy, tidyOrNull } from "../ui/delay_json.ts";
import { envelope, jsonLine } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import { sloJson } from "../ui/slo_line.ts";
import type { PingPlan } from "./ping_plan.ts";
import {
  exitOf,
  floorMs,
  type Pinged,
  type PingReport,
  type TargetReport,
  type UnreachableReport,
} from "./ping_report.ts";
import type { PingView } from "./ping_view.ts";

export class JsonView implements PingView {
  readonly #io: Io;
  readonly #isQuiet: boolean;

  constructor(io: Io, { isQuiet }: { readonly isQuiet: boolean }) {
    this.#io = io;
    this.#isQuiet = isQuiet;
  }

  unreachable({ name, why }: UnreachableReport): void {
    if (!this.#isQuiet) this.#write({ event: "unreachable", target: name, why });
  }

  start(plan: PingPlan, targets: readonly Pinged[], floors: readonly NoiseFloor[]): void {
    if (this.#isQuiet) return;
    this.#write({
      event: "start",
      targets: targets.map(({ target, connection: { chosen } }) => ({
        target: target.name,
        ip: chosen.ip,
        port: target.port,
        method: chosen.way.method,
        way: chosen.way.label,
        failed_ways: chosen.failed,
      })),
      interval_ms: plan.intervalMs ?? null,
      wait_ms: plan.waitMs,
      size_bytes: plan.sizeBytes,
      self_noise: floors.map(floorJson),
    });
  }

  event({ target, run, floor }: Pinged, event: ProbeEvent): void {
    if (this.#isQuiet) return;
    const { unixOffsetMs } = run.options;
    this.#write({ event: event.kind, target: target.name, ...eventJson(event, unixOffsetMs, floor) });
  }

  end(report: PingReport): void {
    const exit = exitOf(report);
    this.#write({
      event: "summary",
      elapsed_ms: tidy(report.elapsedMs),
      interrupted: report.wasInterrupted,
      exit,
      exit_code: EXIT[exit],
      targets: report.targets.map(targetJson),
      unreachable: report.unreachable.map(({ name, why }) => ({ target: name, why })),
      comparisons: report.comparisons.map(({ name, reference, difference, verdict, noiseMs }) => ({
        target: name,
        reference,
        verdict,
        noise_ms: tidy(noiseMs),
        ...(difference === undefined ? { pairs: 0 } : {
          pairs: difference.pairs,
          median_ms: tidy(difference.medianMs),
          low_ms: tidyOrNull(difference.lowMs),
          high_ms: tidyOrNull(difference.highMs),
          confidence: 0.95,
          mean_ms: tidy(difference.meanMs),
          correlation: tidy(difference.correlation),
        }),
      })),
    });
  }

  #write(body: object): void {
    this.#io.stdout(jsonLine(envelope("ping", body)));
  }
}

function eventJson(event: ProbeEvent, unixOffsetMs: number, floor: NoiseFloor | undefined): object {
  const unix = (ms: number) => tidy(ms + unixOffsetMs);
  switch (event.kind) {
    case "answer": {
      const { sequence, round, plannedMs, sentMs, receivedMs, bytes, isLate, isReordered } = event;
      return {
        sequence,
        round,
        rtt_ms: tidy(receivedMs - sentMs),
        from_planned_ms: tidy(receivedMs - plannedMs),
        ...(floor === undefined ? {} : { below_floor: receivedMs - sentMs < floor.fromSent.medianMs }),
        ...(isLate ? { late: true } : {}),
        ...(isReordered ? { reordered: true } : {}),
        ...(bytes === 0 ? {} : { bytes }),
        planned_unix_ms: unix(plannedMs),
        sent_unix_ms: unix(sentMs),
        received_unix_ms: unix(receivedMs),
      };
    }
    case "duplicate":
      return { sequence: event.sequence, received_unix_ms: unix(event.receivedMs) };
    case "timeout":
      return { sequence: event.sequence, planned_unix_ms: unix(event.plannedMs), sent_unix_ms: unix(event.sentMs) };
    case "unsent":
      return { sequence: event.sequence, planned_unix_ms: unix(event.plannedMs), why: event.why };
    case "refused":
      return { sequence: event.sequence, code: event.code, message: event.message };
    case "finding":
      return findingJson(event.finding);
  }
}

function targetJson(report: TargetReport): object {
  const { pinged, summary, skipped, reconnects, slo, budget, isFlood } = report;
  const { counters, lost, lossRatio, fromSent, fromPlanned, sendLateness, oneWay, jitterMs } = summary;
  return {
    target: pinged.target.name,
    method: summary.method,
    sent: counters.asked,
    answered: counters.answered,
    lost: lostJson(summary),
    loss_ratio: lossRatio ?? null,
    late: counters.late,
    duplicates: { total: counters.duplicates, up: counters.duplicatesUp },
    reordered: { total: counters.reordered, up: counters.reorderedUp, down: counters.reorderedDown },
    strays: counters.strays,
    skipped,
    reconnects,
    rtt: delaysJson(fromSent, floorMs(pinged)),
    from_planned: isFlood ? null : delaysJson(fromPlanned, floorMs(pinged)),
    send_lateness: delaysJson(sendLateness, 0),
    one_way: delaysJson(oneWay, 0),
    jitter_ms: tidyOrNull(jitterMs),
    self_noise: pinged.floor === undefined ? null : floorJson(pinged.floor),
    peer: summary.claims === undefined ? null : claimsJson(summary.claims),
    ...(slo.length === 0 ? {} : {
      slo: slo.map(sloJson),
    }),
    ...(budget.length === 0 ? {} : {
      budget: budget.map(({ component, targetMs, maximumMs, verdict, words }) => ({
        component,
        target_ms: targetMs,
        maximum_ms: maximumMs,
        verdict,
        words,
      })),
    }),
  };
  function lostJson({ counters }: ProbeSummary): object {
    const { unsent, refused, lostUp, lostDown } = counters;
    // A HEARTBEAT_ACK does not say how many heartbeats arrived: what is unplaced may be lost in either direction.
    const unplaced = lost - unsent - refused - lostUp - lostDown;
    return { total: lost, unsent, refused, up: lostUp, down: lostDown, unplaced };
  }
}

function claimsJson({ checked, findings, clock, clockSteps, timestampUnit, observed }: PeerClaims): object {
  return {
    checked,
    findings: findings.map(findingJson),
    timestamp_unit: timestampUnit ?? null,
    clock: clock === undefined ? null : {
      offset_ms: tidy(clock.offsetMs),
      uncertainty_ms: tidy(clock.uncertaintyMs),
      drift_ppm: tidyOrNull(clock.driftPpm),
      drift_uncertainty_ppm: tidyOrNull(clock.driftUncertaintyPpm),
    },
    clock_steps: clockSteps,
    observed: observed ?? null,
  };
}

function findingJson({ id, requirement, count, firstSequence, detail }: Finding): object {
  return { id, requirement: requirement ?? null, count, first_sequence: firstSequence ?? null, detail };
}

function floorJson({ kind, fromSent, sendLateness }: NoiseFloor): object {
  return {
    protocol: kind.protocol,
    format: kind.format ?? null,
    method: kind.method,
    rtt: delaysJson(fromSent, 0),
    send_lateness: delaysJson(sendLateness, 0),
  };
}
