/** SPEC clause 3.4: what streams must not repeat. */
import type { Case, Check } from "../../case.ts";
import type { Json } from "../../testee/answer.ts";
import { OTHER_STREAM } from "../../vectors/party.ts";
import type { Input } from "../signaling/script.ts";
import { afterConnect, refusedWith, sends, signalingRun, start, stop } from "../signaling/suite_caller.ts";

export const CASES: readonly Case[] = [
  {
    id: "key/stream-id-once",
    requirements: ["ARC-KEY-stream-id-once"],
    title: "A stream_id that comes again with other SSRCs is refused with bad_state, also once it has stopped",
    needs: "ops",
    checks: ({ rng }) =>
      afterConnect(rng, (said) => [
        refused("with another SSRC", said, [start(10), start(20, { ssrc: 2 })]),
        refused("after its end", said, [start(10), stop(20), start(30, { ssrc: 2 })]),
        refused("after its end with its own SSRC", said, [start(10), stop(20), start(30)]),
      ]),
  },
  {
    id: "key/stream-announced-again",
    requirements: ["ARC-KEY-stream-announced-again"],
    title: "A running stream is announced again and accepted",
    needs: "ops",
    checks: ({ rng }) =>
      afterConnect(rng, (said) => [{
        name: "twice",
        request: signalingRun([...said, start(10), start(2000)]),
        ...sends("ACK", 2),
      }]),
  },
  {
    id: "key/ssrc-once",
    requirements: ["ARC-KEY-ssrc-once"],
    title: "An SSRC that was used, for whatever purpose, is refused with bad_state",
    needs: "ops",
    checks: ({ rng }) =>
      afterConnect(rng, (said) => {
        const first = start(10, { rtx: [{ ssrc: 5, protects: 1 }], fec: [{ ssrc: 6, protects: 1 }], rtcp_ssrc: 7 });
        const second = (more: Json) => start(20, { stream_id: OTHER_STREAM, ...more });
        return [
          ...[1, 5, 6, 7].map((ssrc) => refused(`SSRC ${ssrc} for media`, said, [first, second({ ssrc })])),
          refused("for RTX", said, [first, second({ ssrc: 8, rtx: [{ ssrc: 1, protects: 8 }] })]),
          refused("after its stream's end", said, [first, stop(15), second({ ssrc: 1 })]),
          {
            name: "a fresh SSRC",
            request: signalingRun([...said, first, second({ ssrc: 8 })]),
            ...sends("ACK", 2),
          },
        ];
      }),
  },
  {
    id: "key/reduced-context-once",
    requirements: ["ARC-RTP-reduced-context-unique"],
    title: "A context id of another stream is refused with bad_state",
    needs: "ops",
    checks: ({ rng }) =>
      afterConnect(rng, (said) => {
        const context = (ssrc: number) => [{ context_id: 3, ssrc, payload_type: 111, quality: 0 }];
        return [
          refused("context 3 twice", said, [
            start(10, { reduced_header: context(1) }),
            start(20, {
              stream_id: OTHER_STREAM,
              ssrc: 2,
              reduced_header: context(2),
            }),
          ]),
        ];
      }),
  },
];

/** The last of what is said more is refused with `bad_state`. */
function refused(name: string, said: readonly Input[], more: readonly Input[]): Check {
  return { name, request: signalingRun([...said, ...more]), ...refusedWith("bad_state") };
}
