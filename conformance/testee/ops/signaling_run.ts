/**
 * `signaling.run`: a signaling machine on virtual time. It gets inputs at their times, and everything that it sends is
 * answered with its own time, repetitions included.
 *
 * ```
 * role    "caller" | "callee": one peer's endpoint      "server": the hub, one channel for each `from`
 * config  {unix_start_ms?, until_ms?} and what `run_peer.ts` or `run_server.ts` reads
 * inputs  [{at_ms, from?, message | json | command}]
 *         command (peers): "up" "down" "rotate" "disconnect" "heartbeat" "metrics"; with stream_id and ssrc
 *                          "start_stream" (Opus), with stream_id "stop_stream" and "adapt"; with stream_id, ssrc and
 *                          packets "protect": so many packets are protected, if they may be
 *         command (server): "close"
 * ```
 *
 * A peer's transport is up from 0 on unless the first input is the command "up". A caller without a `session_id` makes
 * one. In the server's outputs `to` names the
 * channel; a message of a `from` that is new joins it first, as the message's `peer_id`, or `peer_id` of the input.
 */
import type { CryptoBackend } from "../../../lib/crypto/backend.ts";
import { RequestError } from "../request.ts";
import type { Ops } from "../testee.ts";
import { runPeer } from "./signaling_run/run_peer.ts";
import { runServer } from "./signaling_run/run_server.ts";

/** A run ends here at the latest: virtual time is cheap, not free. */
const MAX_INPUTS = 10_000;

export function signalingRunOps(crypto: CryptoBackend): Ops {
  return {
    "signaling.run": (request) => {
      const role = request.oneOf("role", ["caller", "callee", "server"] as const);
      const inputs = request.objects("inputs");
      if (inputs.length > MAX_INPUTS) {
        throw new RequestError(`${request.pathOf("inputs")} must have at most ${MAX_INPUTS}`);
      }
      let lastMs = 0;
      for (const input of inputs) {
        if (input.number("at_ms") < lastMs) throw new RequestError(`${input.pathOf("at_ms")} must not go back`);
        lastMs = input.number("at_ms");
      }
      const config = request.has("config") ? request.object("config") : request.without("config");
      return role === "server" ? runServer(config, inputs) : runPeer(role, config, inputs, crypto);
    },
  };
}
