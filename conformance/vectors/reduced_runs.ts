/** Whole runs of sender and receiver over lists of packets, some of which are lost. Part of the area `reduced`. */
import { toHex } from "../../lib/base/bytes.ts";
import { estimateIndex, packetIndex } from "../../lib/crypto/packet_index.ts";
import { ArcRtpView } from "../../lib/packet/arcrtp.ts";
import { REDUCED_SAVED_BYTES } from "../../lib/packet/reduced.ts";
import { ReducedReceiver } from "../../lib/packet/reduced_receiver.ts";
import { ReducedSender } from "../../lib/packet/reduced_sender.ts";
import { unwrapHex } from "./bytes.ts";
import { Group, type Json } from "./case.ts";
import { AUDIO_CONTEXT, full, VIDEO, VIDEO_CONTEXT } from "./reduced_units.ts";
import { packet, type PacketFields, u8 } from "./wire.ts";

interface Sent {
  readonly hex: string;
  readonly atMs: number;
}

export function run(): Group {
  const group = new Group("reduced.run");
  const add = (
    id: string,
    comment: string,
    requirements: string,
    contexts: readonly Json[],
    sent: readonly Sent[],
    lost: readonly number[] = [],
  ) =>
    group.valid(
      id,
      comment,
      requirements,
      { contexts, packets: sent.map(({ hex, atMs }) => ({ hex, at_ms: atMs })), lost },
      runBoth(contexts, sent, lost),
      { flags: ["SenderChoice"] },
    );
  /** `count` audio packets, one every `stepMs`. */
  const audio = (
    count: number,
    sequence: number,
    timestamp: number,
    stepMs: number,
    fields: PacketFields = {},
    atMs = 0,
  ): Sent[] =>
    Array.from({ length: count }, (_, i) => ({
      hex: full((sequence + i) & 0xffff, (timestamp + i * stepMs * 48) >>> 0, fields),
      atMs: atMs + i * stepMs,
    }));
  const contexts = [AUDIO_CONTEXT];
  const LOSSLESS = "ARC-RTP-reduced-lossless";
  const WINDOW = "ARC-RTP-reduced-window";

  add(
    "steady",
    "Audio every 20 ms: three full headers, then reduced ones, and a full one every 120 ms.",
    `${LOSSLESS} ARC-RTP-reduced-first-three ARC-RTP-reduced-refresh`,
    contexts,
    audio(16, 1000, 48000, 20),
  );
  add(
    "fast",
    "Packets every 2 ms: a full header at least once in 32 packets.",
    "ARC-RTP-reduced-refresh",
    contexts,
    audio(40, 1000, 48000, 2),
  );
  add(
    "slow",
    "Packets every 150 ms: none can be reduced, since 120 ms are over each time.",
    "ARC-RTP-reduced-refresh",
    contexts,
    audio(6, 1000, 48000, 150),
  );
  add(
    "first-three",
    "The first three packets of an SSRC.",
    "ARC-RTP-reduced-first-three",
    contexts,
    audio(4, 0, 0, 10),
  );
  add(
    "sequence-wraps",
    "The sequence number wraps while headers are reduced.",
    LOSSLESS,
    contexts,
    audio(10, 65531, 48000, 10),
  );
  add(
    "timestamp-wraps",
    "The timestamp wraps while headers are reduced.",
    LOSSLESS,
    contexts,
    audio(10, 500, 0xfffff800, 10),
  );
  add("reduced-lost", "A lost reduced packet costs itself.", LOSSLESS, contexts, audio(10, 1000, 48000, 10), [4, 6]);
  add(
    "full-lost",
    "A lost full header costs that packet alone.",
    `${WINDOW} ${LOSSLESS}`,
    contexts,
    audio(18, 1000, 48000, 20),
    [8],
  );
  add(
    "first-full-lost",
    "The first packet is lost: the second is the first reference.",
    "ARC-RTP-reduced-first-three",
    contexts,
    audio(6, 1000, 48000, 10),
    [0],
  );
  add(
    "first-two-lost",
    "Two of the three first packets are lost.",
    "ARC-RTP-reduced-first-three",
    contexts,
    audio(6, 1000, 48000, 10),
    [0, 1],
  );
  add(
    "all-fulls-lost",
    "All full headers so far are lost: nothing can be expanded until the next.",
    "ARC-RTP-reduced-no-context ARC-RTP-reduced-refresh",
    contexts,
    audio(16, 1000, 48000, 20),
    [0, 1, 2],
  );

  const jump = (id: string, comment: string, sequence: number, timestamp: number) =>
    add(id, comment, WINDOW, contexts, [
      ...audio(4, 1000, 48000, 10),
      ...audio(3, sequence, timestamp, 10, {}, 40),
    ]);
  jump("sequence-jump-65", "A jump of more than 64 behind the last two full headers.", 1069, 49920);
  jump("sequence-at-64", "Exactly 64 from the older of the last two full headers.", 1065, 49920);
  jump("timestamp-jump", "A pause in speech: the timestamp jumps by more than 32767.", 1004, 148000);
  jump("timestamp-back", "The timestamp jumps back by more than 32767.", 1004, 4000);
  add(
    "frames-out-of-order",
    "Video frames whose timestamps go back, as with B frames.",
    LOSSLESS,
    [VIDEO_CONTEXT],
    [0, 9000, 3000, 6000, 18000, 12000, 15000, 27000].map((offset, i) => ({
      hex: packet({
        ssrc: VIDEO,
        payloadType: 98,
        sequence: 10 + i,
        timestamp: 90000 + offset,
        marker: true,
        arc: { quality: 1, priority: 2 },
        payload: u8(i),
      }),
      atMs: i * 10,
    })),
  );
  add(
    "sent-out-of-order",
    "Packets leave out of the order of their sequence numbers.",
    LOSSLESS,
    contexts,
    [0, 1, 2, 4, 3, 5, 7, 6].map((offset, i) => ({ hex: full(1000 + offset, 48000 + offset * 480), atMs: i * 10 })),
  );
  add(
    "marker-and-priority",
    "M and PR change from packet to packet and travel along.",
    `${LOSSLESS} ARC-RTP-reduced-layout`,
    contexts,
    Array.from(
      { length: 8 },
      (_, i) => ({
        hex: full(1000 + i, 48000 + i * 480, { marker: i % 3 === 0, arc: { priority: i & 3 } }),
        atMs: i * 10,
      }),
    ),
  );

  const second = { ...AUDIO_CONTEXT, context_id: 1, quality: 1 };
  add(
    "quality-switch",
    "A change of Q goes out with a full header; then the other context is used.",
    "ARC-RTP-quality-switch ARC-RTP-reduced-context",
    [AUDIO_CONTEXT, second],
    Array.from(
      { length: 10 },
      (_, i) => ({ hex: full(1000 + i, 48000 + i * 480, { arc: { quality: i < 5 ? 0 : 1 } }), atMs: i * 10 }),
    ),
  );
  add(
    "quality-without-context",
    "There is no context for the new Q: full headers.",
    "ARC-RTP-reduced-eligible",
    contexts,
    Array.from(
      { length: 8 },
      (_, i) => ({ hex: full(1000 + i, 48000 + i * 480, { arc: { quality: i < 5 ? 0 : 3 } }), atMs: i * 10 }),
    ),
  );
  add(
    "new-epoch",
    "Only full headers for 1 second after K has changed, then reduced ones with the new K.",
    "ARC-RTP-reduced-epoch-pause ARC-RTP-reduced-key-phase",
    contexts,
    Array.from(
      { length: 18 },
      (_, i) => ({ hex: full(1000 + i, 48000 + i * 4800, { arc: { keyPhase: i < 5 ? 0 : 1 } }), atMs: i * 100 }),
    ),
  );
  const oddOne = (id: string, comment: string, fields: PacketFields) =>
    add(
      id,
      comment,
      "ARC-RTP-reduced-eligible",
      contexts,
      audio(6, 1000, 48000, 10).map((sent, i) => i === 4 ? { hex: full(1004, 49920, fields), atMs: 40 } : sent),
    );
  oddOne("odd-padding", "A packet with padding keeps its full header.", { padding: true, payload: "aa01" });
  oddOne("odd-extension", "A packet with an extension keeps its full header.", {
    extension: { profile: 0xbede, data: "12345678" },
  });
  oddOne("odd-csrc", "A packet with a CSRC keeps its full header.", { csrc: [1] });
  oddOne("odd-flags", "A packet with a loss byte keeps its full header.", { arc: { flags: 2, loss: 3 } });
  oddOne("odd-bandwidth", "A packet with a bandwidth estimate keeps its full header.", {
    arc: { flags: 1, bandwidth: 0 },
  });
  oddOne(
    "odd-bandwidth-without-flag",
    "A value in the bandwidth field that means nothing still could not be restored.",
    { arc: { bandwidth: 1 } },
  );
  oddOne("odd-undefined-flag", "An undefined flag could not be restored.", { arc: { flags: 0x10 } });
  oddOne("odd-reserved", "Reserved bits could not be restored.", { arc: { reserved: 1 } });
  oddOne("odd-payload-type", "A payload type other than the context's could not be restored.", { payloadType: 112 });
  add(
    "no-context",
    "An SSRC without a context sends full headers only.",
    "ARC-RTP-reduced-eligible",
    [VIDEO_CONTEXT],
    audio(5, 1000, 48000, 10),
  );
  add(
    "two-ssrcs",
    "Two SSRCs take turns; each has its own reference.",
    `ARC-RTP-reduced-reference ${LOSSLESS}`,
    [AUDIO_CONTEXT, VIDEO_CONTEXT],
    Array.from({ length: 14 }, (_, i) => ({
      hex: i % 2 === 0 ? full(1000 + i / 2, 48000 + i * 480) : packet({
        ssrc: VIDEO,
        payloadType: 98,
        sequence: 9 + i,
        timestamp: 7 + i * 1500,
        arc: { quality: 1, priority: 2 },
        payload: u8(i),
      }),
      atMs: i * 10,
    })),
  );
  return group;
}

export function runInvalid(): Group {
  const group = new Group("reduced.run", { packets: [], lost: [] });
  const clash = (id: string, comment: string, changes: Json) =>
    group.invalid(id, comment, "ARC-RTP-reduced-context-unique", {
      contexts: [AUDIO_CONTEXT, { ...AUDIO_CONTEXT, ...changes }],
    }, {
      fault: { reason: "bad_state", path: "$.contexts[1]" },
    });
  clash("context-other-ssrc", "A context id is given to a second SSRC.", { ssrc: VIDEO });
  clash("context-other-payload-type", "A context id gets another payload type.", { payload_type: 98 });
  clash("context-other-quality", "A context id gets another quality.", { quality: 1 });
  group.valid(
    "context-repeated",
    "The same definition again, as in a repeated STREAM_START, defines nothing new.",
    "ARC-RTP-reduced-context-unique",
    {
      contexts: [AUDIO_CONTEXT, AUDIO_CONTEXT],
    },
    { wire: [], expanded: [] },
  );
  return group;
}

/** The library's sender and receiver over the packets. */
function runBoth(contexts: readonly Json[], sent: readonly Sent[], lost: readonly number[]): Json {
  const sender = new ReducedSender();
  const receiver = new ReducedReceiver();
  for (const { context_id, ssrc, payload_type, quality } of contexts as readonly Record<string, number>[]) {
    const context = { contextId: context_id, ssrc, payloadType: payload_type, quality };
    sender.define(context);
    receiver.define(context);
  }
  const highest = new Map<number, number>();
  const view = new ArcRtpView();
  const wire: string[] = [];
  const expanded: (string | null)[] = [];
  for (const [i, { hex, atMs }] of sent.entries()) {
    const bytes = unwrapHex(hex);
    const start = sender.reduce(bytes, 0, bytes.length, atMs);
    wire.push(toHex(bytes.subarray(start)));
    bytes.fill(0, 0, start);
    if (lost.includes(i) || (start > 0 && !receiver.expand(bytes, start, bytes.length))) {
      expanded.push(null);
      continue;
    }
    view.parse(bytes, start > 0 ? start - REDUCED_SAVED_BYTES : 0);
    const before = highest.get(view.ssrc);
    const index = before === undefined
      ? packetIndex(0, view.sequenceNumber)
      : estimateIndex(view.sequenceNumber, before);
    highest.set(view.ssrc, Math.max(index, before ?? 0));
    receiver.authenticated(view, index, start > 0);
    expanded.push(toHex(bytes));
  }
  return { wire, expanded };
}
