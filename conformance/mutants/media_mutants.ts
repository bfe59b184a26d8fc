/** Testees whose reduced headers, repair, playout or quality rule are off by a little. */
import { opOk } from "../testee/testee.ts";
import { asking, type Mutant, opsMutant } from "./mutant.ts";

export const MEDIA_MUTANTS: readonly Mutant[] = [
  opsMutant(
    {
      id: "arcrtp/reduces-for-ever",
      broken: "sends a full header every 32 packets, however long that takes",
      breaks: ["ARC-RTP-reduced-refresh"],
    },
    "reduced.run",
    (op) => (request, context) => {
      const packets = request.objects("packets").map(({ raw }) => ({ ...raw, at_ms: 0 }));
      return op(asking(request, { packets }), context);
    },
  ),
  opsMutant(
    {
      id: "arcrtp/context-twice",
      broken: "lets a context be defined again, and goes by the first",
      breaks: ["ARC-RTP-reduced-context-unique"],
    },
    "reduced.run",
    (op) => (request, context) => {
      const seen = new Set<unknown>();
      const contexts = request.objects("contexts").map(({ raw }) => raw).filter((one) => {
        const isNew = !seen.has(one.context_id);
        seen.add(one.context_id);
        return isNew;
      });
      return op(asking(request, { contexts }), context);
    },
  ),
  opsMutant(
    {
      id: "arcrtp/reduces-into-context-of-another-quality",
      broken: "goes by a context whose quality is not the packet's",
      breaks: ["ARC-RTP-reduced-eligible", "ARC-RTP-reduced-lossless", "ARC-RTP-reduced-context"],
    },
    "reduced.run",
    (op) => (request, context) => {
      const contexts = request.objects("contexts").map(({ raw }) => ({
        ...raw,
        quality: (Number(raw.quality) + 1) % 4,
      }));
      return op(asking(request, { contexts }), context);
    },
  ),
  opsMutant(
    {
      id: "fec/redundancy-of-its-own",
      broken: "makes repair packets for a tenth, whatever is asked for",
      breaks: ["ARC-LOSS-fec-key-frames", "ARC-LOSS-fec-format"],
    },
    "fec.encode",
    (op) => (request, context) => op(asking(request, { redundancy: 0.1 }), context),
  ),
  opsMutant(
    {
      id: "fec/recovers-a-byte-less",
      broken: "loses the last byte of what it recovers",
      breaks: ["ARC-LOSS-fec-source", "ARC-LOSS-fec-format", "ARC-LOSS-fec-recovered"],
    },
    "fec.recover",
    (op) => (request, context) => {
      const result = op(request, context);
      if (result.kind !== "ok" || !("recovered" in result.value)) return result;
      const recovered = (result.value.recovered as readonly unknown[]).map((one) => String(one).slice(0, -2));
      return opOk({ ...result.value, recovered });
    },
  ),
  opsMutant(
    {
      id: "jitter/starts-slow",
      broken: "starts with a delay of 20 ms, as the engine does",
      breaks: ["ARC-JITTER-initial"],
    },
    "jitter.run",
    (op) => (request, context) =>
      op(asking(request, { config: { ...configOf(request.raw.config), initial_ms: 20 } }), context),
  ),
  opsMutant(
    {
      id: "jitter/holds-on",
      broken: "keeps packets for up to 200 ms",
      breaks: ["ARC-JITTER-maximum", "ARC-JITTER-adaptive"],
    },
    "jitter.run",
    (op) => (request, context) =>
      op(asking(request, { config: { ...configOf(request.raw.config), hard_max_ms: 200, max_ms: 200 } }), context),
  ),
  opsMutant(
    {
      id: "jitter/counts-all-as-late",
      broken: "counts duplicates among the late",
      breaks: ["ARC-JITTER-late-duplicate"],
    },
    "jitter.run",
    (op) => (request, context) => {
      const result = op(request, context);
      if (result.kind !== "ok" || !("dropped" in result.value)) return result;
      const dropped = (result.value.dropped as readonly object[]).map((one) => ({ ...one, reason: "late" }));
      return opOk({ ...result.value, dropped });
    },
  ),
  opsMutant(
    {
      id: "quality/lower-at-the-bound",
      broken: "lowers at a loss of 0.05 and an RTT of 100 ms already",
      breaks: ["ARC-QUALITY-rule-current", "ARC-QUALITY-rule-lower"],
    },
    "quality.decide",
    (op) => (request, context) =>
      request.number("packet_loss") === 0.05 || request.number("rtt") === 100
        ? opOk({ level: "lower" })
        : op(request, context),
  ),
  opsMutant(
    {
      id: "quality/busy-is-fine",
      broken: "raises whatever the processor has to do",
      breaks: ["ARC-QUALITY-rule-higher", "ARC-QUALITY-rule-current"],
    },
    "quality.decide",
    (op) => (request, context) => op(asking(request, { cpu: 0 }), context),
  ),
  opsMutant(
    {
      id: "quality/rtt-in-seconds",
      broken: "takes the RTT for seconds",
      breaks: ["ARC-QUALITY-rule-lower", "ARC-QUALITY-rule-current"],
    },
    "quality.decide",
    (op) => (request, context) => op(asking(request, { rtt: request.number("rtt") / 1000 }), context),
  ),
  opsMutant(
    {
      id: "quality/ladder-from-high",
      broken: "has a default ladder that starts with high",
      breaks: ["ARC-QUALITY-default-ladder"],
    },
    "quality.run",
    (op) => (request, context) =>
      op(request.has("ladder") ? request : asking(request, { ladder: ["high", "medium", "low"] }), context),
  ),
  opsMutant(
    {
      id: "quality/no-ear-for-bandwidth",
      broken: "does not listen to the bandwidth estimate",
      breaks: ["ARC-QUALITY-bandwidth-down", "ARC-QUALITY-bandwidth-up"],
    },
    "quality.run",
    (op) => (request, context) => {
      const samples = request.objects("samples").map((sample) => sample.without("bandwidth_bps").raw);
      return op(asking(request, { samples }), context);
    },
  ),
  opsMutant(
    {
      id: "quality/deaf-to-the-receiver",
      broken: "takes no cap from the receiver",
      breaks: ["ARC-QUALITY-adapt-cap"],
    },
    "quality.run",
    (op) => (request, context) => {
      const isCap = (raw: object) => "quality_adapt" in raw;
      const result = op(
        asking(request, { samples: request.objects("samples").map(({ raw }) => raw).filter((raw) => !isCap(raw)) }),
        context,
      );
      if (result.kind !== "ok" || !("rungs" in result.value)) return result;
      const left = [...result.value.rungs as readonly { readonly rung: number }[]];
      let rung = request.numberOr("start_rung", 0);
      const rungs = request.objects("samples").map((sample) => {
        if (!isCap(sample.raw)) rung = left.shift()?.rung ?? rung;
        return { at_ms: sample.number("at_ms"), rung };
      });
      return opOk({ rungs });
    },
  ),
];

function configOf(config: unknown): object {
  return typeof config === "object" && config !== null ? config : {};
}
