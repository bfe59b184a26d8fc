/** Packets of another implementation, made by hand: what ours never sends and yet has to take, or to refuse. */
import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { streamKeys } from "../crypto/key_schedule.ts";
import { PacketBudget, SrtpStreamKeys } from "../crypto/srtp_keys.ts";
import { SrtpSender } from "../crypto/srtp_protect.ts";
import { type ArcRtpFields, arcRtpHeaderBytes, ArcRtpView, writeArcRtp } from "../packet/arcrtp.ts";
import type { StreamStart } from "../signaling/messages/stream_start.ts";
import { AUDIO_SSRC, AUDIO_STREAM, BACKEND, fixtureMedia, master, PlanePair, startOf } from "./testing/plane_pair.ts";

const opus = fixtureMedia("opus_48k_stereo.opus");
const BOTH = { rtx: true, fec: true };

/** An Opus packet of 20 ms. */
function opusPayload(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(0xf8, ...utf8(text));
}

/** Sends what it is told to under the keys of the audio stream, each packet 20 ms after the one before. */
class Foreigner {
  readonly pair: PlanePair;
  readonly #keys: SrtpStreamKeys;
  readonly #senders = new Map<number, SrtpSender>();
  sequence16 = 1000;

  constructor(start: StreamStart = startOf(opus, BOTH)) {
    this.pair = new PlanePair(BOTH);
    this.pair.callee.plane.addReceiveStream(start, this.pair.nowMs);
    const material = streamKeys(master(0), AUDIO_STREAM, "aes-128-gcm");
    this.#keys = new SrtpStreamKeys(BACKEND, "aes-128-gcm", "hmac-sha256-80", material, new PacketBudget());
  }

  send(fields: Partial<ArcRtpFields>, change: (packet: Uint8Array) => void = () => {}): string {
    const sequenceNumber = fields.sequenceNumber ?? this.sequence16++;
    const whole: ArcRtpFields = {
      payloadType: 111,
      timestamp: sequenceNumber * 960,
      ssrc: AUDIO_SSRC,
      quality: 0,
      priority: 0,
      keyPhase: 0,
      payload: opusPayload(`${sequenceNumber}`),
      ...fields,
      sequenceNumber,
    };
    const length = arcRtpHeaderBytes(whole) + (whole.payload?.length ?? 0);
    const unit = new Uint8Array(length + this.#keys.overheadBytes);
    writeArcRtp(whole, unit, 0);
    change(unit);
    const view = new ArcRtpView();
    assert.ok(view.parse(unit, 0, length));
    const sender = this.#senders.get(whole.ssrc) ?? new SrtpSender(whole.ssrc);
    this.#senders.set(whole.ssrc, sender);
    assert.equal(sender.protect(this.#keys, view), "ok");
    this.pair.runUntil(this.pair.nowMs + 20);
    return this.pair.deliver(this.pair.callee, unit);
  }

  /** The texts that were played. */
  get texts(): readonly string[] {
    this.pair.runUntil(this.pair.nowMs + 200);
    const decoder = new TextDecoder();
    return this.pair.callee.frames.map(({ frame }) => decoder.decode(frame.data.subarray(1)));
  }

  get drops(): Readonly<Record<string, number>> {
    return this.pair.callee.plane.stats(this.pair.nowMs).drops as Record<string, number>;
  }
}

Deno.test("ARC-RTP-padding-count ARC-RTP-padding-inside-ciphertext: padding comes off after decryption, and a wrong count is refused then", () => {
  const foreigner = new Foreigner();
  const payload = opusPayload("padded");
  assert.equal(foreigner.send({ padding: true, payload: Uint8Array.of(...payload, 9, 9, 3) }), "ok");
  assert.equal(foreigner.send({ padding: true, payload: Uint8Array.of(...payload, 0) }), "bad_padding");
  assert.equal(foreigner.send({ padding: true, payload: Uint8Array.of(200) }), "bad_padding");
  // All padding: an empty packet, which keeps its place and is no frame.
  assert.equal(foreigner.send({ padding: true, payload: Uint8Array.of(0, 0, 3) }), "ok");
  assert.equal(foreigner.send({ payload: new Uint8Array(0) }), "ok");
  assert.equal(foreigner.send({}), "ok");
  assert.deepEqual(foreigner.texts, ["padded", "1005"]);
  assert.deepEqual(foreigner.drops, { bad_padding: 2 });
});

Deno.test("ARC-RTP-ext-other-profile ARC-RTP-ext-unknown-skipped ARC-RTP-ext-bad-element: extensions of any kind cost no media", () => {
  const foreigner = new Foreigner();
  const extensions = [
    { profile: 0x1000, data: Uint8Array.of(0x12, 1, 2, 3) },
    { profile: 0xbede, data: Uint8Array.of(0x50, 7, 0x12, 1, 2, 3, 0x21, 0, 9, 0, 0, 0) },
    // Element 1 of a wrong length; an element that runs past the end.
    { profile: 0xbede, data: Uint8Array.of(0x10, 1, 0, 0) },
    { profile: 0xbede, data: Uint8Array.of(0x3f, 1, 2, 3) },
    { profile: 0xbede, data: new Uint8Array(0) },
  ];
  for (const extension of extensions) assert.equal(foreigner.send({ extension, csrc: [1, 2, 3] }), "ok");
  assert.deepEqual(foreigner.texts, ["1000", "1001", "1002", "1003", "1004"]);
  assert.equal(foreigner.pair.callee.plane.stats(foreigner.pair.nowMs).badExtensions, 2);
});

Deno.test("ARC-RTP-reserved-ignored ARC-QUALITY-index-range: reserved bits mean nothing, a Q beyond the ladder its last rung", () => {
  const foreigner = new Foreigner(startOf(opus, { ...BOTH, ladder: ["high", "low"] }));
  const reserved = (packet: Uint8Array) => {
    packet[12] |= 3;
    packet[13] |= 0xfc;
  };
  for (const quality of [0, 1, 2, 3]) assert.equal(foreigner.send({ quality }, reserved), "ok");
  assert.deepEqual(foreigner.texts, ["1000", "1001", "1002", "1003"]);
  assert.deepEqual(foreigner.pair.callee.frames.map(({ quality }) => quality), [0, 1, 1, 1]);
});

Deno.test("ARC-LOSS-rtx-format: a retransmission that cannot be one is refused; a right one fills its gap", () => {
  const foreigner = new Foreigner();
  const rtx = { ssrc: AUDIO_SSRC + 0x100, payloadType: 97 };
  foreigner.send({});
  const missing = foreigner.sequence16++;
  assert.equal(foreigner.send({ ...rtx, sequenceNumber: 1, payload: Uint8Array.of(7) }), "truncated");
  // Before the stream's first packet.
  assert.equal(foreigner.send({ ...rtx, sequenceNumber: 2, payload: Uint8Array.of(0xff, 0xff, 1) }), "bad_value");
  assert.equal(foreigner.send({ ...rtx, sequenceNumber: 3, payloadType: 111 }), "unknown_payload_type");
  const payload = Uint8Array.of(missing >> 8, missing & 0xff, ...opusPayload("restored"));
  const timestamp = missing * 960;
  assert.equal(foreigner.send({ ...rtx, sequenceNumber: 4, timestamp, payload }), "ok");
  foreigner.send({});
  assert.deepEqual(foreigner.texts, ["1000", "restored", "1002"]);
  const [track] = foreigner.pair.callee.plane.stats(foreigner.pair.nowMs).receiving[0].tracks;
  assert.deepEqual([track.rtxPackets, track.rtxRestored, track.lostPackets], [3, 1, 1]);
});

Deno.test("ARC-LOSS-fec-csrc: a repair packet that protects nothing of this stream is refused", () => {
  const foreigner = new Foreigner();
  const fec = { ssrc: AUDIO_SSRC + 0x200, payloadType: 115, priority: 3 };
  foreigner.send({});
  const repair = new Uint8Array(40);
  repair.set([0, 111, 0, 12, 0, 0, 0, 0, 0x03, 0xe8, 0x40, 0x00]);
  assert.equal(foreigner.send({ ...fec, sequenceNumber: 1, payload: repair }), "bad_value");
  assert.equal(foreigner.send({ ...fec, sequenceNumber: 2, csrc: [4711], payload: repair }), "bad_value");
  const short = { ...fec, sequenceNumber: 3, csrc: [AUDIO_SSRC], payload: repair.subarray(0, 11) };
  assert.equal(foreigner.send(short), "truncated");
  assert.equal(foreigner.send({ ...fec, sequenceNumber: 4, csrc: [AUDIO_SSRC], payload: repair }), "ok");
  foreigner.send({});
  assert.deepEqual(foreigner.texts, ["1000", "1001"]);
});

Deno.test("a payload that is none of its codec is counted, and the next frame comes", () => {
  const foreigner = new Foreigner(startOf(fixtureMedia("aac_48k_mono.aac"), { payloadType: 111 }));
  // One AU header of 16 bits, then an access unit of 3 bytes.
  const unit = (text: string) => Uint8Array.of(0, 16, 0, 3 << 3, ...utf8(text));
  assert.equal(foreigner.send({ marker: true, payload: unit("abc") }), "ok");
  assert.equal(foreigner.send({ marker: true, payload: Uint8Array.of(0, 15, 0, 0, 1, 2, 3) }), "ok");
  assert.equal(foreigner.send({ marker: true, payload: unit("def") }), "ok");
  assert.deepEqual(foreigner.texts, ["bc", "ef"]);
  const [track] = foreigner.pair.callee.plane.stats(foreigner.pair.nowMs).receiving[0].tracks;
  assert.deepEqual([track.refusedPayloads, track.framesIncomplete, track.missingPackets], [1, 1, 0]);
});
