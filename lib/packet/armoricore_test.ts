import assert from "node:assert/strict";
import fc from "fast-check";
import { parseHex, toHex } from "../base/bytes.ts";
import { type Fault, type Parsed, unwrap } from "../base/parsed.ts";
import {
  ARMORICORE_PRIORITIES,
  ARMORICORE_QUALITIES,
  armoricoreArcRtpBytes,
  type ArmoricoreArcRtpFields,
  type ArmoricoreArcRtpView,
  armoricoreLossTenths,
  type ArmoricoreRtpFields,
  type ArmoricoreRtpView,
  parseArmoricoreArcRtp,
  parseArmoricoreRtp,
  writeArmoricoreArcRtp,
  writeArmoricoreRtp,
} from "./armoricore.ts";
import { parseArcRtp } from "./arcrtp.ts";
import type { RtpView } from "./rtp_view.ts";
import { anyBytes, arcRtpBytes, arcRtpFields, inDirtyPool } from "./testing/arbitrary.ts";

/** The vectors' own shapes: what the engine's code printed. */
interface EngineHeader {
  readonly version: number;
  readonly padding: boolean;
  readonly extension: boolean;
  readonly csrc_count: number;
  readonly csrc: number[];
  readonly marker: boolean;
  readonly payload_type: number;
  readonly sequence_number: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly extension_header: { readonly profile: number; readonly data: string } | null;
}

interface EngineRtp {
  readonly header: EngineHeader;
  readonly payload: string;
}

interface EngineArcRtp extends EngineRtp {
  readonly quality: (typeof ARMORICORE_QUALITIES)[number];
  readonly priority: (typeof ARMORICORE_PRIORITIES)[number];
  readonly bandwidth_estimate_kbps: number | null;
  readonly packet_loss_rate_tenths: number | null;
}

type Result<T> = { readonly ok: T } | { readonly error: string };

interface ParseCase<T> {
  readonly id: string;
  readonly wire: string;
  readonly result: Result<T>;
}

interface SerializeCase {
  readonly id: string;
  readonly input: EngineArcRtp & { readonly quality_value: number; readonly priority_value: number };
  readonly wire: string;
  readonly reparse: Result<EngineArcRtp>;
  readonly parsed_as_plain_rtp: Result<EngineRtp & { readonly reserialized: string }>;
  readonly extra: { readonly loss_percent_text?: string } | null;
}

function vectors<Case>(name: string): readonly Case[] {
  const url = new URL(`../../fixtures/armoricore/${name}.json`, import.meta.url);
  const { cases } = JSON.parse(Deno.readTextFileSync(url)) as { cases: Case[] };
  assert.ok(cases.length > 0, name);
  return cases;
}

const hex = (text: string) => unwrap(parseHex(text));

/** What each of the engine's refusals is called here. */
function reasonOf(error: string): string {
  if (/Invalid RTP version/.test(error)) return "bad_version";
  if (/Invalid padding length/.test(error)) return "bad_padding";
  assert.match(error, /too short|Incomplete/);
  return "truncated";
}

function engineHeader(view: RtpView): EngineHeader {
  const { padding, marker, payloadType, sequenceNumber, timestamp, ssrc, csrc, extension } = view.headerFields();
  return {
    version: view.version,
    padding: padding === true,
    extension: view.hasExtension,
    csrc_count: view.csrcCount,
    csrc: [...csrc ?? []],
    marker: marker === true,
    payload_type: payloadType,
    sequence_number: sequenceNumber,
    timestamp,
    ssrc,
    extension_header: extension === undefined ? null : { profile: extension.profile, data: toHex(extension.data) },
  };
}

const engineRtp = (view: ArmoricoreRtpView): EngineRtp => ({
  header: engineHeader(view),
  payload: toHex(view.payload()),
});

const engineArcRtp = (view: ArmoricoreArcRtpView): EngineArcRtp => ({
  header: engineHeader(view),
  quality: ARMORICORE_QUALITIES[view.quality],
  priority: ARMORICORE_PRIORITIES[view.priority],
  bandwidth_estimate_kbps: view.bandwidthKbps ?? null,
  packet_loss_rate_tenths: view.lossTenths ?? null,
  payload: toHex(view.payload()),
});

function fieldsOf({ header, payload }: EngineRtp): ArmoricoreRtpFields {
  const { extension_header: extension } = header;
  return {
    version: header.version,
    padding: header.padding,
    hasExtension: header.extension,
    csrcCount: header.csrc_count,
    csrc: header.csrc,
    marker: header.marker,
    payloadType: header.payload_type,
    sequenceNumber: header.sequence_number,
    timestamp: header.timestamp,
    ssrc: header.ssrc,
    extension: extension === null ? undefined : { profile: extension.profile, data: hex(extension.data) },
    payload: hex(payload),
  };
}

function arcFieldsOf(packet: EngineArcRtp): ArmoricoreArcRtpFields {
  return {
    ...fieldsOf(packet),
    quality: ARMORICORE_QUALITIES.indexOf(packet.quality),
    priority: ARMORICORE_PRIORITIES.indexOf(packet.priority),
    bandwidthKbps: packet.bandwidth_estimate_kbps ?? undefined,
    lossTenths: packet.packet_loss_rate_tenths ?? undefined,
  };
}

function writeArc(fields: ArmoricoreArcRtpFields): string {
  const out = new Uint8Array(armoricoreArcRtpBytes(fields) + 8).fill(0xa5);
  const written = writeArmoricoreArcRtp(fields, out, 3);
  assert.equal(written, armoricoreArcRtpBytes(fields));
  return toHex(out.subarray(3, 3 + written));
}

function writePlain(fields: ArmoricoreRtpFields): string {
  const out = new Uint8Array(2000);
  return toHex(out.subarray(0, writeArmoricoreRtp(fields, out, 0)));
}

/** Our answer and the engine's agree: the same fields, or both a refusal for the same reason. */
function assertSame<V, T>(parsed: Parsed<V>, engine: Result<T>, shapeOf: (view: V) => unknown, id: string): void {
  if ("error" in engine) {
    assert.equal(parsed.ok, false, `${id}: the engine refuses it: ${engine.error}`);
    if (!parsed.ok) assert.equal(parsed.fault.reason, reasonOf(engine.error), id);
    return;
  }
  assert.deepEqual(parsed.ok ? shapeOf(parsed.value) : parsed.fault, engine.ok, id);
}

Deno.test("ARC-DIALECT-armoricore-arc-block, ARC-DIALECT-armoricore-padding: ArcRTP parses or is refused as by the engine", () => {
  for (const { id, wire, result } of vectors<ParseCase<EngineArcRtp>>("arcrtp_parse")) {
    assertSame(parseArmoricoreArcRtp(hex(wire)), result, engineArcRtp, id);
  }
});

Deno.test("ARC-DIALECT-armoricore-arc-block: ArcRTP is written as by the engine, byte for byte, and reads back alike", () => {
  for (const { id, input, wire, reparse } of vectors<SerializeCase>("arcrtp_serialize")) {
    assert.deepEqual(
      [ARMORICORE_QUALITIES[input.quality_value], ARMORICORE_PRIORITIES[input.priority_value]],
      [input.quality, input.priority],
    );
    assert.equal(writeArc(arcFieldsOf(input)), wire, id);
    assertSame(parseArmoricoreArcRtp(hex(wire)), reparse, engineArcRtp, id);
  }
});

Deno.test("armoricore: plain RTP parses or is refused as by the engine, padding count 0 included, and is written alike", () => {
  type Plain = EngineRtp & { readonly reserialized: string };
  const cases: { id: string; wire: string; result: Result<Plain> }[] = [
    ...vectors<ParseCase<Plain>>("rtp_parse"),
    ...vectors<SerializeCase>("arcrtp_serialize").map(({ id, wire, parsed_as_plain_rtp }) => ({
      id,
      wire,
      result: parsed_as_plain_rtp,
    })),
  ];
  for (const { id, wire, result } of cases) {
    const expected = "error" in result ? result : { ok: { header: result.ok.header, payload: result.ok.payload } };
    assertSame(parseArmoricoreRtp(hex(wire)), expected, engineRtp, id);
    if ("ok" in result) assert.equal(writePlain(fieldsOf(result.ok)), result.ok.reserialized, id);
  }
});

Deno.test("armoricore: the loss byte of a percentage is the engine's, bit for bit", () => {
  let checked = 0;
  for (const { id, input, extra } of vectors<SerializeCase>("arcrtp_serialize")) {
    if (extra?.loss_percent_text === undefined) continue;
    const percent = extra.loss_percent_text === "-inf" ? -Infinity : Number(extra.loss_percent_text);
    assert.equal(armoricoreLossTenths(percent), input.packet_loss_rate_tenths, id);
    checked++;
  }
  assert.ok(checked > 8);
  assert.deepEqual([armoricoreLossTenths(NaN), armoricoreLossTenths(Infinity)], [0, 255]);
});

Deno.test("ARC-DIALECT-armoricore-arc-block: the low four bits of the block are written 0 and ignored", () => {
  const fields = arcFieldsOf(vectors<SerializeCase>("arcrtp_serialize")[1].input);
  const bytes = hex(writeArc(fields));
  assert.equal(bytes[12] & 0x0f, 0);
  bytes[12] |= 0x0f;
  const view = unwrap(parseArmoricoreArcRtp(bytes));
  assert.equal(view.keyPhase, 0);
  assert.deepEqual([view.quality, view.priority], [fields.quality, fields.priority]);
});

Deno.test("armoricore: what the engine accepts and 1.0 refuses, and the other way around", () => {
  const refusedBy10 = ["80400001000000020000000300000000ff", "a0600001000000020000000300000000ff"];
  for (const wire of refusedBy10) {
    assert.ok(parseArmoricoreArcRtp(hex(wire)).ok, wire);
    assert.ok(!parseArcRtp(hex(wire)).ok, wire);
  }
  const empty = hex("80600001000000020000000300000000");
  assert.ok(parseArcRtp(empty).ok);
  const parsed = parseArmoricoreArcRtp(empty);
  const fault: Fault | undefined = parsed.ok ? undefined : parsed.fault;
  assert.deepEqual([fault?.reason, fault?.offset, fault?.need], ["truncated", 16, 17]);
  const wrongVersion = parseArmoricoreArcRtp(hex("00600001000000020000000300000000"));
  assert.equal(wrongVersion.ok ? "" : wrongVersion.fault.reason, "bad_version", "16 bytes: the version comes first");
});

Deno.test("armoricore: packets of 1.0 with a payload and K=0 are the same bytes in both dialects", () => {
  fc.assert(
    fc.property(arcRtpFields.filter(({ payload }) => payload !== undefined && payload.length > 0), (fields) => {
      const bytes = arcRtpBytes({ ...fields, keyPhase: 0 });
      assert.equal(writeArc(fields), toHex(bytes));
      const view = unwrap(parseArmoricoreArcRtp(bytes));
      assert.deepEqual(view.fields(), { ...fields, keyPhase: 0 });
      assert.deepEqual(view.payload(), fields.payload, "padding stays");
    }),
    { seed: 1763, numRuns: 200 },
  );
});

Deno.test("armoricore: any bytes, in a dirty pool, give a view within their bounds or a fault", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const { pool, start, end } = inDirtyPool(bytes);
      for (const parsed of [parseArmoricoreArcRtp(pool.subarray(start, end)), parseArmoricoreRtp(bytes)]) {
        if (parsed.ok) assert.ok(parsed.value.payloadStart <= parsed.value.payloadEnd);
        if (parsed.ok) assert.ok(parsed.value.payloadEnd <= bytes.length);
        if (!parsed.ok) assert.ok((parsed.fault.offset ?? -1) >= 0 && parsed.fault.message.length > 0);
      }
    }),
    { seed: 1764, numRuns: 1000 },
  );
});
