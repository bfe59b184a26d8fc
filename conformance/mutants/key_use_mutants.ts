/** Testees that use their keys for too long. */
import { isJson, type Json } from "../testee/answer.ts";
import type { JsonObject } from "../testee/request.ts";
import { asking, type Mutant, opsMutant } from "./mutant.ts";
import { running, saying } from "./signaling_mutant.ts";

export const KEY_USE_MUTANTS: readonly Mutant[] = [
  running(
    {
      id: "key/counts-each-ssrc",
      broken: "counts the packets of each SSRC towards a limit of its own",
      breaks: ["ARC-KEY-packet-count-scope"],
    },
    (_, { inputs, config }) => {
      const limit = Number((config as Json).rotation_packets ?? Infinity);
      const counts = new Map<unknown, number>();
      return protecting(inputs, ({ ssrc, packets }) => {
        const before = counts.get(ssrc) ?? 0;
        counts.set(ssrc, before + Number(packets));
        return Math.min(Number(packets), Math.max(0, limit - before));
      });
    },
  ),
  running(
    {
      id: "key/never-stops",
      broken: "goes on with the keys of an epoch whatever its limit says",
      breaks: ["ARC-KEY-rotation-stop"],
    },
    (_, { inputs }) => protecting(inputs, ({ packets }) => Number(packets)),
  ),
  opsMutant(
    {
      id: "key/one-packet-too-many",
      broken: "protects 2^31 + 1 packets under an epoch",
      breaks: ["ARC-KEY-rotation-stop"],
    },
    "signaling.run",
    (op) => (request, context) => {
      const config = request.raw.config as JsonObject | undefined;
      const before = config?.start_index;
      return typeof before === "number"
        ? op(asking(request, { config: { ...config, start_index: before - 1 } }), context)
        : op(request, context);
    },
  ),
  saying(
    {
      id: "key/runs-into-the-limit",
      broken: "starts no rotation when its packets come to their end",
      breaks: ["ARC-KEY-rotation-packet-limit"],
    },
    "KEY_ROTATE",
    (message) => message.reason === "packet_limit" ? undefined : message,
  ),
];

/** What becomes of each "protect" of a run, all under epoch 0. */
function protecting(inputs: unknown, count: (input: Json) => number): object {
  const all = (inputs as readonly unknown[]).filter(isJson).filter(({ command }) => command === "protect");
  return { protected: all.map((input) => ({ at_ms: input.at_ms, ssrc: input.ssrc, epoch: 0, packets: count(input) })) };
}
