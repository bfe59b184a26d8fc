/** RTCP of the media plane: reports, feedback, retransmission and FEC as the wire shows them. */
import assert from "node:assert/strict";
import { ntpToUnixMs, unixMsToAbsSendTime } from "../base/time.ts";
import { AUDIO_SSRC, fixtureMedia, PlanePair, startOf, VIDEO_SSRC } from "./testing/plane_pair.ts";
import { type TappedPacket, type TappedRtcp, Wiretap } from "./testing/wiretap.ts";

const opus = fixtureMedia("opus_48k_stereo.opus");
const vp9 = fixtureMedia("vp9_320x180.ivf");
const BOTH = { rtx: true, fec: true };
const RTX = { rtx: true, fec: false };
const FEC = { rtx: false, fec: true };
const UNIX_MS = 1_700_000_000_000;

function ofKind<K extends TappedRtcp["packets"][number]["kind"]>(tap: Wiretap, from: string, kind: K) {
  return tap.rtcp.filter((unit) => unit.from === from).flatMap(({ atMs, packets }) =>
    packets.filter((packet) => packet.kind === kind)
      .map((packet) => ({ atMs, packet: packet as Extract<TappedRtcp["packets"][number], { kind: K }> }))
  );
}

Deno.test("ARC-RTCP-reports ARC-RTCP-mux: each second, and sooner in the beginning; the receiver's tell of the round trip", () => {
  const pair = new PlanePair({ link: { delayMs: 15 } });
  const starts = [startOf(opus), startOf(vp9)];
  const tap = new Wiretap(pair, starts, "hmac-sha256-80");
  for (const start of starts) pair.start(start, { renditions: 1 });
  pair.play(starts[0].stream_id, opus);
  pair.play(starts[1].stream_id, vp9);
  pair.runUntil(10_900);
  const senderReports = ofKind(tap, "caller", "sr").filter(({ packet }) => packet.ssrc === AUDIO_SSRC);
  const receiverReports = ofKind(tap, "callee", "rr");
  const times = senderReports.map(({ atMs }) => atMs - 1000);
  assert.deepEqual(times, [0, 200, 500, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000]);
  for (let second = 0; second < 9; second++) {
    const from = 1000 + second * 1000;
    assert.ok(receiverReports.some(({ atMs }) => atMs >= from && atMs <= from + 1000), `no RR in second ${second}`);
  }
  // The first report left with the first frame, before it.
  assert.equal(tap.rtcp[0].atMs, 1000);
  const last = receiverReports[receiverReports.length - 1].packet;
  assert.deepEqual(last.reports.map(({ ssrc }) => ssrc).sort(), [AUDIO_SSRC, VIDEO_SSRC]);
  const { rttMs } = pair.caller.plane.stats(pair.nowMs);
  assert.ok(rttMs !== undefined && Math.abs(rttMs - 30) < 1, `RTT ${rttMs}`);
  // What a report counts is what left before it; a frame is sent in its very instant.
  const { atMs, packet } = senderReports[6];
  const audio = tap.packets.filter((sent) => sent.fields.ssrc === AUDIO_SSRC).slice(0, packet.packetCount);
  assert.ok(audio[audio.length - 1].atMs === atMs || audio[audio.length - 1].atMs === atMs - 20);
  assert.equal(packet.octetCount, audio.reduce((bytes, { payload }) => bytes + payload.length, 0));
  assert.ok(Math.abs(ntpToUnixMs(packet.ntpSeconds, packet.ntpFraction) - UNIX_MS - atMs) < 0.01);
  // Nothing is sent any more: the reports end.
  const units = tap.rtcp.length;
  pair.runUntil(20_000);
  assert.ok(tap.rtcp.filter(({ atMs: at }) => at > 14_200).length === 0, `${tap.rtcp.length - units} more`);
});

Deno.test("ARC-RTCP-sender-ssrc: one's own stream, the announced rtcp_ssrc, or one that no stream uses", () => {
  for (const announced of [undefined, 0x0badcafe]) {
    const pair = new PlanePair({ link: { delayMs: 5, lossRate: 0.05 }, ...BOTH });
    const start = { ...startOf(vp9, BOTH), rtcp_ssrc: announced };
    const tap = new Wiretap(pair, [start], "hmac-sha256-80");
    pair.start(start, { renditions: 1 });
    pair.play(start.stream_id, vp9);
    pair.runUntil(4000);
    assert.equal(tap.unread, 0);
    const own = new Set(tap.rtcp.filter(({ from }) => from === "caller").map(({ senderSsrc }) => senderSsrc));
    assert.deepEqual([...own], [announced ?? VIDEO_SSRC]);
    const other = new Set(tap.rtcp.filter(({ from }) => from === "callee").map(({ senderSsrc }) => senderSsrc));
    assert.deepEqual([...other], [pair.callee.plane.rtcpSsrc]);
    // Feedback is the sender's own too.
    for (const { packet } of [...ofKind(tap, "callee", "nack"), ...ofKind(tap, "callee", "pli")]) {
      assert.equal(packet.senderSsrc, pair.callee.plane.rtcpSsrc);
      assert.equal(packet.mediaSsrc, VIDEO_SSRC);
    }
    assert.ok(ofKind(tap, "callee", "nack").length > 0 && ofKind(tap, "callee", "pli").length > 0);
    // With rtcp_ssrc announced, the sender reports stand behind a receiver report of that SSRC.
    const [first] = tap.rtcp.filter(({ from }) => from === "caller");
    assert.deepEqual(first.packets.map(({ kind }) => kind), announced === undefined ? ["sr"] : ["rr", "sr"]);
  }
});

Deno.test("ARC-RTCP-sender-ssrc: the SSRC of chance gives way to a stream that uses it", () => {
  const pair = new PlanePair();
  const before = pair.callee.plane.rtcpSsrc;
  pair.callee.plane.addReceiveStream(startOf(opus, { ssrc: before }), pair.nowMs);
  assert.notEqual(pair.callee.plane.rtcpSsrc, before);
});

Deno.test("ARC-RTCP-transport-feedback ARC-RTP-ext-transport-sequence-counter: one number a packet over all SSRCs, reported within 100 ms", () => {
  const link = { delayMs: 5, lossRate: 0.02 };
  const pair = new PlanePair({ link, ...BOTH, jitter: { minMs: 30, initialMs: 30 } });
  const starts = [startOf(opus, RTX), startOf(vp9, BOTH)];
  const tap = new Wiretap(pair, starts, "hmac-sha256-80");
  for (const start of starts) pair.start(start, { renditions: 1 });
  pair.play(starts[0].stream_id, opus);
  pair.play(starts[1].stream_id, vp9);
  pair.runUntil(11_000);
  assert.ok(new Set(tap.packets.map(({ role }) => role)).size === 3);
  const first = tap.packets[0].transportSequence16 ?? assert.fail();
  tap.packets.forEach(({ transportSequence16 }, i) => assert.equal(transportSequence16, (first + i) & 0xffff));
  const feedback = ofKind(tap, "callee", "transport_feedback");
  feedback.forEach(({ atMs }, i) => assert.ok(i === 0 || atMs - feedback[i - 1].atMs <= 100, `silent at ${atMs}`));
  const told = feedback.reduce((count, { packet }) => count + packet.received.length, 0);
  assert.ok(told > 0.96 * tap.packets.length, `${told} of ${tap.packets.length}`);
  assert.ok((pair.caller.plane.stats(pair.nowMs).bandwidthBps ?? 0) > 500_000);
});

Deno.test("ARC-RTP-ext-send-time ARC-RTP-ext-arrival-time ARC-PATH-clock-offset: one-way delay and capture time across clocks that differ", () => {
  for (const clockOffsetMs of [0, 7_200_000, -123_456]) {
    const pair = new PlanePair({ link: { delayMs: 25 }, clockOffsetMs });
    const start = startOf(opus);
    const tap = new Wiretap(pair, [start], "hmac-sha256-80");
    pair.start(start);
    pair.play(start.stream_id, opus);
    pair.runUntil(5900);
    for (const { atMs, sendTime24 } of tap.packets) assert.equal(sendTime24, unixMsToAbsSendTime(UNIX_MS + atMs));
    const { latency } = pair.callee.plane.metricsFigures(pair.nowMs);
    assert.ok(Math.abs((latency.one_way ?? 0) - 25) < 0.1, `one way ${latency.one_way}`);
    assert.ok(Math.abs((latency.e2e?.p50 ?? 0) - 30) < 0.5, `e2e ${latency.e2e?.p50}`);
    // Capture time comes on the receiver's own clock.
    pair.callee.frames.slice(0, 100).forEach(({ captureUnixMs }, i) => {
      const expected = UNIX_MS + clockOffsetMs + 1000 + i * 20;
      assert.ok(Math.abs((captureUnixMs ?? 0) - expected) < 0.1, `frame ${i}: ${captureUnixMs} for ${expected}`);
    });
  }
});

Deno.test("ARC-RTCP-pli: the sender asks for a key frame at most each 500 ms, the receiver for as long as it lacks one", () => {
  const pair = new PlanePair({ link: { delayMs: 5 } });
  const start = startOf(vp9);
  const tap = new Wiretap(pair, [start], "hmac-sha256-80");
  let packets = 0;
  pair.tap = ((before) => (unit, from, nowMs) => {
    before?.(unit, from, nowMs);
    // One packet early in the second frame is lost, and nothing else.
    return from === "caller" && (unit[1] & 0x7f) === 98 && ++packets === 10 ? "drop" : "pass";
  })(pair.tap);
  pair.start(start, { renditions: 1 });
  pair.play(start.stream_id, vp9);
  const requestsMs: number[] = [];
  pair.caller.onEvent = (event, nowMs) => void (event.kind === "keyframe_request" && requestsMs.push(nowMs));
  pair.runUntil(6000);
  const plis = ofKind(tap, "callee", "pli").map(({ atMs }) => atMs);
  // The next key frame of the file comes after 2 s.
  assert.ok(plis.length === 4, `${plis}`);
  plis.forEach((atMs, i) => assert.ok(i === 0 || atMs - plis[i - 1] >= 500));
  assert.ok(plis[3] < 3100, `${plis}`);
  assert.equal(requestsMs.length, 4);
  requestsMs.forEach((atMs, i) => assert.ok(i === 0 || atMs - requestsMs[i - 1] >= 500));
});

/** A packet by what the wire names it with. */
function original(tap: Wiretap, rtx: TappedPacket): TappedPacket {
  const sequence16 = (rtx.payload[0] << 8) | rtx.payload[1];
  return tap.of("media").find(({ fields }) => fields.sequenceNumber === sequence16) ?? assert.fail("no original");
}

Deno.test("ARC-LOSS-rtx-format ARC-LOSS-rtx-kept-fields ARC-LOSS-retransmit-critical ARC-LOSS-nack-retry: what NACKs bring about", () => {
  const pair = new PlanePair({ link: { delayMs: 3, lossRate: 0.1 }, ...RTX, jitter: { minMs: 30, initialMs: 30 } });
  const start = startOf(vp9, RTX);
  const tap = new Wiretap(pair, [start], "hmac-sha256-80");
  pair.start(start, { renditions: 1 });
  pair.play(start.stream_id, vp9, 3);
  pair.runUntil(31_300);
  const rtx = tap.of("rtx");
  assert.ok(rtx.length >= 5, `${rtx.length} retransmissions`);
  rtx.forEach((packet, i) => {
    const { fields, payload } = packet;
    const first = original(tap, packet);
    assert.equal(fields.ssrc, VIDEO_SSRC + 0x100);
    assert.equal(fields.payloadType, 97);
    assert.equal(fields.sequenceNumber, (rtx[0].fields.sequenceNumber + i) & 0xffff);
    assert.notEqual(fields.sequenceNumber, first.fields.sequenceNumber);
    assert.deepEqual(payload.subarray(2), first.payload);
    const { marker, timestamp, quality, priority, bandwidthKbps, lossTenths } = fields;
    const kept = { marker, timestamp, quality, priority, bandwidthKbps, lossTenths };
    const was = first.fields;
    assert.deepEqual(kept, {
      marker: was.marker,
      timestamp: was.timestamp,
      quality: was.quality,
      priority: was.priority,
      bandwidthKbps: was.bandwidthKbps,
      lossTenths: was.lossTenths,
    });
    assert.ok(priority <= 1, `PR ${priority} was sent again`);
    assert.notEqual(packet.transportSequence16, first.transportSequence16);
  });
  // Delta frames were asked for as well, since the receiver cannot know what they are; they were not sent again.
  const { nackedPackets } = pair.caller.plane.stats(pair.nowMs).sending[0].tracks[0];
  assert.ok(nackedPackets > 2 * rtx.length, `${nackedPackets} asked for, ${rtx.length} sent`);
  const asked = new Map<number, number[]>();
  for (const { atMs, packet } of ofKind(tap, "callee", "nack")) {
    for (const { pid16, blp16 } of packet.items) {
      for (let bit = 0; bit <= 16; bit++) {
        if (bit > 0 && ((blp16 >>> (bit - 1)) & 1) === 0) continue;
        const sequence16 = (pid16 + bit) & 0xffff;
        asked.set(sequence16, [...asked.get(sequence16) ?? [], atMs]);
      }
    }
  }
  for (const [sequence16, times] of asked) {
    assert.ok(times.length <= 3, `${sequence16} asked for ${times.length} times`);
    times.forEach((atMs, i) => assert.ok(i === 0 || atMs - times[i - 1] >= 5.9, `${sequence16}: ${times}`));
  }
  assert.ok((pair.callee.plane.stats(pair.nowMs).receiving[0].tracks[0].rtxRestored ?? 0) > 0);
});

Deno.test("ARC-LOSS-rtx-agreed: without agreement on RTX and FEC neither is sent, whatever STREAM_START names", () => {
  const pair = new PlanePair({ link: { delayMs: 3, lossRate: 0.1 } });
  const start = startOf(vp9, { ...BOTH, contexts: [{ id: 1, quality: 0 }] });
  const tap = new Wiretap(pair, [start], "hmac-sha256-80");
  pair.start(start, { renditions: 1 });
  pair.play(start.stream_id, vp9);
  pair.runUntil(6000);
  assert.equal(tap.of("rtx").length + tap.of("fec").length, 0);
  assert.equal(ofKind(tap, "callee", "nack").length, 0);
  assert.ok(tap.packets.every(({ wasReduced }) => !wasReduced));
});

Deno.test("ARC-LOSS-fec-format ARC-LOSS-fec-csrc ARC-LOSS-fec-key-frames ARC-LOSS-fec-payload-size: 20 % of each key frame on a good path", () => {
  const pair = new PlanePair({ link: { delayMs: 10 }, ...FEC });
  const start = startOf(vp9, FEC);
  const tap = new Wiretap(pair, [start], "hmac-sha256-80");
  pair.start(start, { renditions: 1 });
  pair.play(start.stream_id, vp9);
  pair.runUntil(11_200);
  const repairs = new Map<number, TappedPacket[]>();
  for (const packet of tap.of("fec")) {
    const { fields } = packet;
    assert.deepEqual(fields.csrc, [VIDEO_SSRC]);
    assert.equal(fields.ssrc, VIDEO_SSRC + 0x200);
    assert.equal(fields.payloadType, 115);
    assert.equal(fields.priority, 3);
    repairs.set(fields.timestamp, [...repairs.get(fields.timestamp) ?? [], packet]);
  }
  const keyPackets = new Map<number, number>();
  for (const { fields, payload } of tap.of("media")) {
    assert.ok(payload.length <= 1132, `${payload.length} bytes of payload`);
    if (fields.priority === 1) keyPackets.set(fields.timestamp, (keyPackets.get(fields.timestamp) ?? 0) + 1);
  }
  assert.equal(keyPackets.size, 5);
  for (const [timestamp, count] of keyPackets) {
    assert.equal(repairs.get(timestamp)?.length, Math.ceil(count / 5), `key frame of ${count} packets`);
  }
  assert.equal(repairs.size, 5);
});

Deno.test("ARC-LOSS-fec-source ARC-LOSS-fec-recovered: each key frame loses a packet, and comes through by FEC alone", () => {
  const pair = new PlanePair({ link: { delayMs: 10 }, ...FEC });
  const start = startOf(vp9, FEC);
  const tap = new Wiretap(pair, [start], "hmac-sha256-80");
  const lostOf = new Set<number>();
  const readFirst = pair.tap ?? assert.fail();
  pair.tap = (unit, from, nowMs) => {
    readFirst(unit, from, nowMs);
    const { fields, role } = tap.packets[tap.packets.length - 1] ?? {};
    const isKey = from === "caller" && (unit[1] & 0x7f) === 98 && role === "media" && fields.priority === 1;
    if (!isKey || lostOf.has(fields.timestamp)) return "pass";
    lostOf.add(fields.timestamp);
    return "drop";
  };
  pair.start(start, { renditions: 1 });
  pair.play(start.stream_id, vp9);
  pair.runUntil(11_200);
  assert.equal(lostOf.size, 5);
  assert.equal(pair.callee.frames.length, 300);
  const [track] = pair.callee.plane.stats(pair.nowMs).receiving[0].tracks;
  assert.equal(track.fecRestored, 5);
  // The loss of the very first packet shows in no gap.
  assert.equal(track.lostPackets, 4);
  assert.deepEqual(pair.callee.plane.stats(pair.nowMs).drops, {});
});

Deno.test("ARC-LOSS-fec-not-rtx: a packet that came back by RTX does not help FEC to another", () => {
  const run = (keepFirstRtx: boolean) => {
    const lost: number[] = [];
    let keyPackets = 0;
    const pair = new PlanePair({ link: { delayMs: 2 }, ...BOTH, jitter: { minMs: 30, initialMs: 30 } });
    const start = startOf(vp9, BOTH);
    const tap = new Wiretap(pair, [start], "hmac-sha256-80");
    const readFirst = pair.tap ?? assert.fail();
    pair.tap = (unit, from, nowMs) => {
      const before = tap.packets.length;
      readFirst(unit, from, nowMs);
      const packet = tap.packets.length > before ? tap.packets[before] : undefined;
      const isSecondKey = packet?.role === "media" && packet.fields.priority === 1 && nowMs > 2000;
      // Of ten packets two repairs cover every second: the first and the third are one's.
      if (isSecondKey && (keyPackets++ === 0 || keyPackets === 3)) {
        lost.push(packet.fields.sequenceNumber);
        return "drop";
      }
      if (packet?.role !== "rtx") return "pass";
      const sequence16 = (packet.payload[0] << 8) | packet.payload[1];
      return keepFirstRtx && sequence16 === lost[0] ? "pass" : "drop";
    };
    pair.start(start, { renditions: 1 });
    pair.play(start.stream_id, { ...vp9, frames: vp9.frames.slice(0, 80) });
    pair.runUntil(4000);
    assert.equal(lost.length, 2);
    return pair.callee.plane.stats(pair.nowMs).receiving[0].tracks[0];
  };
  const track = run(true);
  assert.deepEqual([track.rtxRestored, track.fecRestored, track.missingPackets], [1, 0, 1]);
  assert.equal(run(false).missingPackets, 2);
});

Deno.test("the planes' timeouts are always served, at times of any fraction, and also when they are noticed late", () => {
  for (let shift = 0; shift < 40; shift++) {
    const pair = new PlanePair({ link: { delayMs: 5 + shift / 7, lossRate: 0.2 }, ...BOTH });
    pair.clock.runUntil(1000 + shift / 3);
    const start = startOf(vp9, BOTH);
    pair.start(start, { renditions: 1 });
    pair.play(start.stream_id, { ...vp9, frames: vp9.frames.slice(1, 12) });
    // Key frames that are lacked, reports, silence: whoever spins throws.
    pair.runUntil(4000);
    assert.ok(pair.callee.events.some(({ kind }) => kind === "stream_silent"));
  }
  // A process that slept: the wish for a key frame is long past when its timeout is noticed, and waits for packets.
  const pair = new PlanePair();
  const start = startOf(vp9);
  pair.start(start, { renditions: 1 });
  pair.caller.plane.sendFrame(start.stream_id, "video", vp9.frames[1], pair.nowMs);
  pair.drive(pair.caller);
  pair.runUntil(1020);
  const { plane } = pair.callee;
  plane.timeout(9000);
  plane.timeout(10_500);
  const dueMs = plane.nextTimeoutMs();
  assert.ok(dueMs === undefined || dueMs > 10_500, `due at ${dueMs}`);
});

Deno.test("a stream that stops is called silent, and active when it comes back", () => {
  const pair = new PlanePair({ link: { delayMs: 5 } });
  const start = startOf(opus);
  pair.start(start);
  pair.play(start.stream_id, { ...opus, frames: opus.frames.slice(0, 100) });
  pair.clock.at(5000, () => pair.play(start.stream_id, { ...opus, frames: opus.frames.slice(100, 200) }));
  pair.runUntil(12_000);
  const kinds = pair.callee.events.map(({ kind }) => kind).filter((kind) => kind.startsWith("stream_"));
  assert.deepEqual(kinds, ["stream_active", "stream_silent", "stream_active", "stream_silent"]);
});

Deno.test("ARC-SIG-state-stop: after a stream is removed no more of its packets leave, and those that come are strangers'", () => {
  const pair = new PlanePair({ link: { delayMs: 5 } });
  const start = startOf(opus);
  pair.start(start);
  pair.play(start.stream_id, { ...opus, frames: opus.frames.slice(0, 50) });
  pair.runUntil(1700);
  pair.caller.plane.sendFrame(start.stream_id, "audio", { ...opus.frames[50] }, pair.nowMs);
  pair.caller.plane.removeStream(start.stream_id);
  const units = pair.caller.unitsSent;
  pair.drive(pair.caller);
  assert.equal(pair.caller.unitsSent, units);
  assert.throws(() => pair.caller.plane.sendFrame(start.stream_id, "audio", opus.frames[51], pair.nowMs), /no stream/);
  pair.callee.plane.removeStream(start.stream_id);
  pair.callee.plane.removeStream("no such stream");
  assert.deepEqual(pair.callee.plane.stats(pair.nowMs).receiving, []);
});
