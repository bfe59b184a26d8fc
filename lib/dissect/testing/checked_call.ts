/** A call that keeps every rule, unit by unit, for tests that break one of them. */
import assert from "node:assert/strict";
import { writeU32 } from "../../base/bytes.ts";
import { EXAMPLE_CALLEE, EXAMPLE_CALLER, EXAMPLE_SESSION, EXAMPLES } from "../../signaling/examples.ts";
import type { Message } from "../../signaling/messages/registry.ts";
import { ARCRTP_MIN_HEADER_BYTES, type ArcRtpFields, arcRtpHeaderBytes, writeArcRtp } from "../../packet/arcrtp.ts";
import { writeReducedHeader } from "../../packet/reduced.ts";
import type { Finding } from "../check/findings.ts";
import type { RuleVerdict } from "../check/rules.ts";
import { CaptureChecker } from "../check/checker.ts";
import { type Place, Scene, sealedText } from "./scene.ts";

export const SESSION = EXAMPLE_SESSION;
export const CALLER = EXAMPLE_CALLER;
export const CALLEE = EXAMPLE_CALLEE;
export const AUDIO_SSRC = 0x1111;

export const CONNECT = {
  ...EXAMPLES.CONNECT.minimal,
  capabilities: { ...EXAMPLES.CONNECT.minimal.capabilities, reduced_header: true, rtx: true },
};
export const CONNECT_ACK = {
  ...EXAMPLES.CONNECT_ACK.full as Extract<typeof EXAMPLES.CONNECT_ACK.full, { accepted: true }>,
  selected_codecs: { audio: "opus" },
  capabilities: { reduced_header: true, rtx: true },
  epoch: undefined,
  proof: undefined,
};
export const START = {
  ...EXAMPLES.STREAM_START.minimal,
  ssrc: AUDIO_SSRC,
  reduced_header: [{ context_id: 1, ssrc: AUDIO_SSRC, payload_type: 111, quality: 0 }],
};

/** Signaling through a server: up is the caller's connection, down the callee's; media straight between them. */
const UP: Place = { transport: "ws", conversation: 1, direction: 0 };
const DOWN: Place = { transport: "ws", conversation: 2, direction: 1 };
const MEDIA: Place = { transport: "udp", conversation: 3, direction: 0 };

export class CheckedCall {
  ms = 0;
  readonly #scene = new Scene();
  readonly #checker = new CaptureChecker();
  #sequence = 100;
  #heartbeat = 0;
  #index = 0;
  #seals = [0, 0];
  #transport = 0;

  /** What the checks have found, the call having ended. */
  get findings(): readonly Finding[] {
    this.#checker.end();
    return this.#checker.findings;
  }

  /** What is said of one rule, the call having ended. */
  verdict(rule: string): RuleVerdict | undefined {
    this.#checker.end();
    return this.#checker.verdicts.find((each) => each.rule === rule);
  }

  get rules(): string[] {
    return this.findings.map((finding) => finding.rule);
  }

  unit(bytes: Uint8Array, place: Place): this {
    this.#checker.handle(this.#scene.unit(bytes, { ms: this.ms, ...place }));
    return this;
  }

  /** A message over the server, from the caller unless told otherwise. */
  say(message: Message, place: Place = UP): this {
    this.#checker.handle(this.#scene.say(message, { ms: this.ms, ...place }));
    return this;
  }

  /** From the callee, as it reaches the caller. */
  answer(message: Message): this {
    return this.say(message, { ...UP, direction: 1 });
  }

  sealed(message: Message, direction: 0 | 1, counter = this.#seals[direction]++): this {
    const bytes = sealedText(message, counter);
    writeU32(bytes, bytes.length - 4, Math.imul(this.ms + 7 * counter + direction, 2_654_435_761) >>> 0);
    return this.unit(bytes, { ...MEDIA, direction });
  }

  wait(ms: number): this {
    this.ms += ms;
    return this;
  }

  connect(connect: Message = CONNECT, ack: Message = CONNECT_ACK): this {
    this.say(connect).say(connect, DOWN).wait(20);
    this.say(ack, { ...DOWN, direction: 0 }).answer(ack).wait(20);
    return this.heartbeat(0).heartbeat(1);
  }

  /** A heartbeat on the media path and its answer. */
  heartbeat(direction: 0 | 1): this {
    const sequence = this.#heartbeat++;
    const challenge = sequence.toString(16).padStart(16, "0");
    const timestamp = 1000 + this.ms;
    const peer_id = direction === 0 ? CALLER : CALLEE;
    this.sealed(
      { ...{ type: "HEARTBEAT", session_id: SESSION, sequence, challenge }, peer_id, timestamp } as Message,
      direction,
    );
    const times = { original_timestamp: timestamp, response_timestamp: timestamp + 3, latency_ms: 3 };
    const ack = { type: "HEARTBEAT_ACK", session_id: SESSION, sequence, challenge, ...times } as Message;
    return this.sealed(ack, direction === 0 ? 1 : 0);
  }

  start(start: typeof START = START): this {
    this.say(start).say(start, DOWN).wait(5);
    return this.answer(this.ackOf(start)).wait(5);
  }

  ackOf(request: Message): Message {
    const { type, timestamp, stream_id } = request as { type: string; timestamp: number; stream_id?: string };
    const in_reply_to = { type, timestamp, ...(stream_id === undefined ? {} : { stream_id }) };
    return { type: "ACK", session_id: SESSION, in_reply_to, timestamp: this.ms } as Message;
  }

  /** A protected packet: what stands for ciphertext and tags differs from one to the next. */
  packet(over: Partial<ArcRtpFields> = {}, place: Place = MEDIA): this {
    const sequenceNumber = over.sequenceNumber ?? this.#sequence++;
    const payload = new Uint8Array(60);
    writeU32(payload, 56, Math.imul(sequenceNumber + this.ms, 2_654_435_761) >>> 0);
    const fields: ArcRtpFields = {
      payloadType: 111,
      sequenceNumber,
      timestamp: 960 * sequenceNumber,
      ssrc: AUDIO_SSRC,
      quality: 0,
      priority: 0,
      keyPhase: 0,
      payload,
      ...over,
    };
    const bytes = new Uint8Array(arcRtpHeaderBytes(fields) + (fields.payload?.length ?? 0));
    writeArcRtp(fields, bytes, 0);
    return this.unit(bytes, place);
  }

  reduced(over: Partial<ArcRtpFields> = {}, contextId = 1): this {
    const sequenceNumber = over.sequenceNumber ?? this.#sequence++;
    const bytes = new Uint8Array(ARCRTP_MIN_HEADER_BYTES + 60);
    writeU32(bytes, bytes.length - 4, Math.imul(sequenceNumber + this.ms, 2_654_435_761) >>> 0);
    writeReducedHeader(
      false,
      over.priority ?? 0,
      contextId,
      sequenceNumber,
      over.timestamp ?? 960 * sequenceNumber,
      bytes,
      12,
    );
    return this.unit(bytes.subarray(12), MEDIA);
  }

  /** The extension with the next transport-wide sequence number. */
  stamps(number = this.#transport++): { readonly profile: number; readonly data: Uint8Array } {
    return { profile: 0xbede, data: Uint8Array.of(0x12, 0, 0, 0, 0x21, number >>> 8, number, 0) };
  }

  /** SRTCP with HMAC, its index in place. */
  rtcp(direction: 0 | 1, index = this.#index++): this {
    const bytes = new Uint8Array(58);
    bytes.set([0x80, direction === 0 ? 200 : 201, 0, 6]);
    writeU32(bytes, 4, direction === 0 ? AUDIO_SSRC : 0x99);
    bytes.fill(0xa7, 8);
    writeU32(bytes, 44, 0x8000_0000 + index);
    writeU32(bytes, 54, Math.imul(this.ms + 13 * direction + 1, 2_654_435_761) >>> 0);
    return this.unit(bytes, { ...MEDIA, direction });
  }

  /** Media as it should be for so long: full and reduced headers, reports and heartbeats each second. */
  flow(durationMs: number, keyPhase = 0): this {
    for (let elapsed = 0; elapsed < durationMs; elapsed += 20) {
      if (elapsed % 1000 === 0) this.heartbeat(0).heartbeat(1).rtcp(0).rtcp(1);
      if (elapsed % 100 === 0 || elapsed < 60) this.packet({ keyPhase });
      else this.reduced();
      this.wait(20);
    }
    return this;
  }
}

/** A call with its stream announced. */
export const running = () => new CheckedCall().connect().start();

/** Asserts that a call breaks these rules and no others. */
export function breaks(
  rules: string | readonly string[],
  fill: (call: CheckedCall) => unknown,
  call = running(),
): void {
  fill(call);
  assert.deepEqual([...new Set(call.rules)].sort(), [rules].flat().sort(), JSON.stringify(call.findings, null, 1));
}
