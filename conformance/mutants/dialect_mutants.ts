/** Testees that mix the dialects, count wrongly, or take a stream apart wrongly. */
import { isJson, type Json } from "../testee/answer.ts";
import { type Op, opOk } from "../testee/testee.ts";
import { answered, arcBlockAt, asking, eachOf, type Mutant, opsMutant } from "./mutant.ts";

const PADDING_BIT = 0x20;

export const DIALECT_MUTANTS: readonly Mutant[] = [
  opsMutant(
    {
      id: "dialect/names-of-its-own",
      broken: "calls the engine's dialect engine",
      breaks: ["ARC-DIALECT-names"],
    },
    "hello",
    (op) => (request, context) =>
      answered(op(request, context), ({ dialects }) => ({
        dialects: (dialects as readonly string[]).map((name) => name === "armoricore" ? "engine" : name),
      })),
  ),
  opsMutant(
    {
      id: "dialect/key-phase-of-the-engine",
      broken: "reads a key phase in the engine's packets",
      breaks: ["ARC-DIALECT-armoricore-arc-block"],
    },
    "rtp.parse",
    engineOnly((op) => (request, context) => {
      const bytes = request.hex("hex");
      return answered(op(request, context), ({ arc }) => ({
        arc: { ...arc as Json, key_phase: (bytes[arcBlockAt(bytes)] >> 2) & 3 },
      }));
    }),
  ),
  opsMutant(
    {
      id: "dialect/strips-the-engine",
      broken: "strips padding from the engine's packets",
      breaks: ["ARC-DIALECT-armoricore-padding"],
    },
    "rtp.parse",
    engineOnly((op) => (request, context) => {
      const bytes = request.hex("hex");
      const result = op(request, context);
      if ((bytes[0] & PADDING_BIT) === 0) return result;
      return answered(result, ({ payload }) => ({ payload: String(payload).slice(0, -2 * bytes[bytes.length - 1]) }));
    }),
  ),
  opsMutant(
    {
      id: "dialect/window-for-the-engine",
      broken: "refuses the engine's packets when they come again",
      breaks: ["ARC-DIALECT-armoricore-srtp"],
    },
    "srtp.receive",
    engineOnly((op) => (request, context) => {
      const packets = request.value("packets") as readonly string[];
      return eachOf(op(request, context), "results", (one, i) => [
        packets.indexOf(packets[i]) < i ? { fault: { reason: "replay" } } : one,
      ]);
    }),
  ),
  opsMutant(
    {
      id: "dialect/engine-speaks-ours",
      broken: "reads messages of arcrtc-1.0 as the engine's",
      breaks: ["ARC-DIALECT-armoricore-messages", "ARC-DIALECT-no-mixing"],
    },
    "signaling.parse",
    engineOnly((op) => (request, context) => {
      const result = op(request, context);
      return result.kind === "fault" ? opOk({ message: JSON.parse(request.text("json")) }) : result;
    }),
  ),
  opsMutant(
    {
      id: "dialect/always-ours",
      broken: "takes all that it sees for arcrtc-1.0",
      breaks: ["ARC-DIALECT-detection"],
    },
    "dialect.detect",
    (op) => (request, context) => answered(op(request, context), () => ({ dialect: "arcrtc-1.0" })),
  ),
  opsMutant(
    {
      id: "metrics/replays-are-forgeries",
      broken: "counts replays among units with a wrong tag",
      breaks: ["ARC-METRICS-drop-counters"],
    },
    "stats",
    (op) => (request, context) =>
      answered(
        op(request, context),
        ({ replay = 0, auth = 0 }) => ({ replay: 0, auth: Number(auth) + Number(replay) }),
      ),
  ),
  opsMutant(
    {
      id: "unit/little-endian-length",
      broken: "reads the length of a frame with its low byte first",
      breaks: ["ARC-UNIT-stream-framing"],
    },
    "frame.read",
    (op) => (request, context) => {
      const all = request.texts("chunks").join("");
      const swapped = `${all.slice(2, 4)}${all.slice(0, 2)}${all.slice(4)}`;
      return op(asking(request, { chunks: [swapped] }), context);
    },
  ),
  opsMutant(
    {
      id: "unit/one-chunk-one-frame",
      broken: "takes each read of a stream for whole frames",
      breaks: ["ARC-UNIT-frame-split"],
    },
    "frame.read",
    (op) => (request, context) => {
      const runs = request.texts("chunks").map((chunk) => op(asking(request, { chunks: [chunk] }), context));
      const refused = runs.find(({ kind }) => kind !== "ok");
      const values = runs.flatMap((run) => run.kind === "ok" && isJson(run.value) ? [run.value] : []);
      return refused ?? opOk({ units: values.flatMap(({ units }) => units), pending: 0 });
    },
  ),
];

/** Changes what concerns the engine's dialect, and nothing else. */
function engineOnly(change: (op: Op) => Op): (op: Op) => Op {
  return (op) => {
    const broken = change(op);
    return (request, context) =>
      request.textOr("dialect", "arcrtc-1.0") === "armoricore" ? broken(request, context) : op(request, context);
  };
}
