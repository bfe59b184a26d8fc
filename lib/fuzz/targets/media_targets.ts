/** Payload formats, containers, FEC: what stands between packets and frames. */
import { planRepairs, repairPayloadBytes, writeRepairPayload } from "../../fec/encoder.ts";
import { parseFlexfecHeader } from "../../fec/flexfec_header.ts";
import { FecRecovery } from "../../fec/recovery.ts";
import type { FecSource } from "../../fec/source.ts";
import { parseAudioSpecificConfig } from "../../media/container/aac_config.ts";
import { parseH264Sps } from "../../media/container/h264_sps.ts";
import { parseH265Sps } from "../../media/container/h265_sps.ts";
import { type MediaReader, readAllFrames } from "../../media/container/media_reader.ts";
import { detectContainer, openMedia } from "../../media/container/open_media.ts";
import { classifyFrame, isKeyframe } from "../../media/payload/classify.ts";
import { MAX_FRAME_BYTES, type PayloadFormat } from "../../media/payload/payload_format.ts";
import { makeDepacketizer, makePacketizer } from "../../media/payload/payload_formats.ts";
import type { MediaFrame } from "../../media/frame.ts";
import { ArcRtpView } from "../../packet/arcrtp.ts";
import { stepWith } from "../steps.ts";
import { demand, type FuzzCase, type FuzzTarget } from "../target.ts";
import { arcRtpBytes } from "./packet_targets.ts";
import { parsedBehaviour, parserTarget, refusal } from "./parser_target.ts";

interface FormatFixture {
  readonly format: PayloadFormat;
  readonly file: string;
}

const FORMATS: readonly FormatFixture[] = [
  { format: "opus", file: "opus_48k_stereo.opus" },
  { format: "aac", file: "aac_48k_mono.aac" },
  { format: "g722", file: "g722_16k_mono.g722" },
  { format: "pcm", file: "pcm_16k_mono.wav" },
  { format: "vp9", file: "vp9_160x90.ivf" },
  { format: "h264", file: "h264_160x90.h264" },
  { format: "h265", file: "h265_160x90.h265" },
  { format: "av1", file: "av1_160x90.ivf" },
  { format: "opaque", file: "vp9_160x90.ivf" },
];

const SEED_FRAMES = 4;
const SEED_PAYLOAD_BYTES = 200;
const MAX_FUZZED_FRAME_BYTES = 65_536;

function framesOf(file: string, bytes: Uint8Array): readonly MediaFrame[] {
  const reader = openMedia(bytes, file);
  return reader.ok ? readAllFrames(reader.value, bytes).slice(0, SEED_FRAMES) : [];
}

/**
 * The payloads of a few frames as steps: the operation byte says marker (1), timestamp moves on (2), a packet is missing
 * before it (4).
 */
function payloadCases({ format, file }: FormatFixture, bytes: Uint8Array): readonly FuzzCase[] {
  const packetizer = makePacketizer(format);
  const units: Uint8Array[] = [];
  const buffer = new Uint8Array(SEED_PAYLOAD_BYTES);
  for (const frame of framesOf(file, bytes)) {
    packetizer.packetize(frame, SEED_PAYLOAD_BYTES, {
      buffer,
      offsetBytes: 0,
      commit: (length, marker) => units.push(stepWith(marker ? 3 : 0, buffer.subarray(0, length))),
    });
  }
  return units.length === 0 ? [] : [units.slice(0, 12), ...units.slice(0, 4).map((unit) => [unit])];
}

function depacketize(format: PayloadFormat, units: FuzzCase): string {
  const depacketizer = makeDepacketizer(format, { maxFrameBytes: MAX_FUZZED_FRAME_BYTES, fromStart: true });
  let index = 0;
  let ticks = 0;
  let frames = 0;
  const reasons = new Set<string>();
  for (const unit of units) {
    const flags = unit[0] ?? 0;
    const payload = unit.subarray(1);
    if ((flags & 2) !== 0) ticks += 3000;
    index += (flags & 4) !== 0 ? 2 : 1;
    const fault = depacketizer.push(payload, (flags & 1) !== 0, ticks, (flags & 8) !== 0 ? index - 1 : index);
    if (fault !== undefined) reasons.add(refusal(fault, payload.length));
    for (let frame = depacketizer.poll(); frame !== undefined; frame = depacketizer.poll()) {
      frames++;
      demand(frame.data.length <= MAX_FRAME_BYTES, "memory", () => `a frame of ${frame.data.length} bytes`);
    }
    isKeyframe(format, payload);
    classifyFrame(format, payload);
  }
  return `${Math.min(frames, 3)} ${[...reasons].join(" ")}`;
}

function payloadTarget(fixture: FormatFixture): FuzzTarget {
  const { format, file } = fixture;
  return {
    name: `payload.${format}`,
    area: "parser",
    summary: `packets of ${format} put together to frames, with losses between them`,
    shape: "steps",
    maxUnits: 24,
    seeds: () => [],
    fixtures: [{ path: `media/${file}`, cases: (bytes) => payloadCases(fixture, bytes) }],
    run: (units) => depacketize(format, units),
  };
}

/** A frame of a format cut into packets and put together again: never an exception, never a packet over the limit. */
function packetize(format: PayloadFormat, data: Uint8Array): string {
  const limit = 16 + (data.length % 300);
  const buffer = new Uint8Array(limit);
  const frame = { data, timestampTicks: 0, durationTicks: 960, complete: true, keyframe: true, priority: 1 } as const;
  const depacketizer = makeDepacketizer(format, { fromStart: true });
  let packets = 0;
  const made = makePacketizer(format).packetize(frame, limit, {
    buffer,
    offsetBytes: 0,
    commit: (length, marker, ticks) => {
      packets++;
      demand(length >= 1 && length <= limit, "state", () => `a payload of ${length} bytes, at most ${limit} fit`);
      const fault = depacketizer.push(buffer.slice(0, length), marker, ticks, packets);
      demand(fault === undefined, "round_trip", () => `${format}: a payload of ours is refused: ${fault?.reason}`);
    },
  });
  if (!made.ok) return refusal(made.fault, Infinity);
  demand(made.value === packets, "state", () => `${made.value} packets are said, ${packets} were made`);
  return `ok ${Math.min(packets, 4)}`;
}

const CONTAINERS = [
  "opus_48k_stereo.opus",
  "vp9_160x90.ivf",
  "pcm_16k_mono.wav",
  "aac_48k_mono.aac",
  "h264_160x90.h264",
  "h265_160x90.h265",
  "g722_16k_mono.g722",
] as const;

function readFile(reader: MediaReader, bytes: Uint8Array, chunkBytes: number): string {
  const frames: string[] = [];
  const drain = () => {
    for (let frame = reader.poll(); frame !== undefined; frame = reader.poll()) {
      frames.push(`${frame.data.length}@${frame.timestampTicks}`);
    }
  };
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    reader.push(bytes.subarray(at, at + chunkBytes));
    drain();
  }
  reader.end();
  drain();
  return `${frames.join(" ")} ${reader.fault?.reason ?? ""}`;
}

function containerTarget(file: string): FuzzTarget {
  const name = file.slice(file.lastIndexOf(".") + 1);
  return parserTarget({
    name: `container.${name}`,
    summary: `.${name} files, read whole and in pieces`,
    fixtures: [{ path: `media/${file}`, cases: (bytes) => [[bytes.slice(0, 600)], [bytes.slice(0, 3000)]] }],
    parse: (bytes) => {
      const kind = detectContainer(bytes, file);
      const open = () => openMedia(bytes, file);
      const whole = open();
      const pieces = open();
      if (!whole.ok || !pieces.ok) return "unknown";
      const once = readFile(whole.value, bytes, Math.max(1, bytes.length));
      const again = readFile(pieces.value, bytes, 1 + (bytes.length % 61));
      demand(once === again, "divergence", () => `${name}: frames depend on how the file was cut`);
      return `${kind} ${Math.min(4, once.split("@").length)} ${once.split(" ").at(-1)}`;
    },
  });
}

/** Sources for FEC, as a receive path would hand them over. */
function sources(): readonly FecSource[] {
  return [1000, 1001, 1002, 1003].map((sequenceNumber) => {
    const bytes = arcRtpBytes({
      payloadType: 98,
      sequenceNumber,
      timestamp: 90_000,
      ssrc: 0x22222222,
      quality: 0,
      priority: 1,
      keyPhase: 0,
      payload: new Uint8Array(20 + (sequenceNumber % 7)).fill(sequenceNumber),
    });
    const view = new ArcRtpView();
    view.parse(bytes);
    return view;
  });
}

function repairSeeds(): readonly Uint8Array[] {
  const all = sources();
  return planRepairs(all.length, 0.5).map((plan) => {
    const out = new Uint8Array(repairPayloadBytes(all, plan));
    writeRepairPayload(all, plan, out, 0);
    return out;
  });
}

function recover(bytes: Uint8Array): string {
  const header = parseFlexfecHeader(bytes, 0, bytes.length);
  const recovery = new FecRecovery(0x22222222, { sources: 16, repairs: 4 });
  const all = sources();
  const view = new ArcRtpView();
  let recovered = 0;
  const drain = () => {
    for (let packet = recovery.poll(); packet !== undefined; packet = recovery.poll()) {
      recovered++;
      demand(
        packet.end - packet.start <= 1232,
        "memory",
        () => `a restored packet of ${packet.end - packet.start} bytes`,
      );
      view.parse(packet.bytes, packet.start, packet.end);
    }
  };
  all.slice(1, 3).forEach((source, i) => recovery.handleSource(1001 + i, source));
  drain();
  const taken = recovery.handleRepair(bytes, 0, bytes.length, 1002);
  drain();
  recovery.handleSource(1003, all[3]);
  drain();
  recovery.handleSource(1000, all[0]);
  drain();
  const { inconsistent, unneeded } = recovery.counters;
  const of = header.ok ? `${Math.min(4, header.value.offsets.length)}` : refusal(header.fault, bytes.length);
  return `${of} ${taken.ok ? "taken" : taken.fault.reason} ${Math.min(recovered, 2)} ${inconsistent} ${unneeded}`;
}

export const MEDIA_TARGETS: readonly FuzzTarget[] = [
  ...FORMATS.map(payloadTarget),
  ...FORMATS.map((fixture) =>
    parserTarget({
      name: `packetize.${fixture.format}`,
      summary: `frames of ${fixture.format} cut into packets that must be put together again`,
      fixtures: [{
        path: `media/${fixture.file}`,
        cases: (bytes) => framesOf(fixture.file, bytes).map(({ data }) => [data.slice(0, 2000)]),
      }],
      parse: (bytes) => packetize(fixture.format, bytes),
    })
  ),
  ...CONTAINERS.map(containerTarget),
  parserTarget({
    name: "media.sps",
    summary: "picture formats of H.264 and H.265, and AAC's configuration",
    seeds: () => [
      new Uint8Array([0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x47, 0xfe, 0xc8]),
      new Uint8Array([0x12, 0x10]),
    ],
    fixtures: ["h264", "h265"].map((name) => ({
      path: `media/${name}_160x90.${name}`,
      cases: (bytes: Uint8Array) => [[bytes.slice(4, 60)], [bytes.slice(30, 120)]],
    })),
    parse: (bytes) => {
      const aac = parsedBehaviour(parseAudioSpecificConfig(bytes), bytes.length, () => "ok");
      return `${parseH264Sps(bytes) !== undefined} ${parseH265Sps(bytes) !== undefined} ${aac}`;
    },
  }),
  parserTarget({
    name: "fec.recovery",
    summary: "FlexFEC repair packets against sources that came and are missing",
    seeds: repairSeeds,
    parse: recover,
  }),
];
