/**
 * `path.clock_offset`: how far the other peer's clock is ahead of one's own, by the HEARTBEATs of one path.
 *
 * ```
 * exchanges   [{sent_ms, received_ms, response_timestamp}]   one HEARTBEAT after the other, each answered before the next:
 *             when it was sent and when its answer came, on one's own clock, and the answer's response_timestamp; Unix ms
 * ok          {offset_ms}   after all of them; null without any
 * ```
 */
import { PathProbe } from "../../../lib/session/path_probe.ts";
import { RequestError } from "../request.ts";
import { opOk, type Ops } from "../testee.ts";

export const pathOps: Ops = {
  "path.clock_offset": (request) => {
    const exchanges = request.objects("exchanges");
    const probe = new PathProbe({ kind: "direct", priority: 0, address: 0 }, false, 0);
    let nowMs = -Infinity;
    exchanges.forEach((exchange, i) => {
      const sentMs = exchange.number("sent_ms");
      const receivedMs = exchange.number("received_ms");
      if (sentMs < nowMs) throw new RequestError(`${exchange.pathOf("sent_ms")} must not go back`);
      if (receivedMs < sentMs) throw new RequestError(`${exchange.pathOf("received_ms")} must not be before sent_ms`);
      const challenge = String(i);
      probe.sent(challenge, sentMs);
      probe.answered({ challenge, responseUnixMs: exchange.number("response_timestamp") }, receivedMs, 0);
      nowMs = receivedMs;
    });
    return opOk({ offset_ms: probe.clockOffsetMs ?? null });
  },
};
