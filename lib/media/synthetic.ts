/**
 * Sources that need no file: `test:audio`, `test:video` and `test:tone`. Seeded, endless, playable once written to a file
 * (`container/writer_for.ts`), and each frame can be told apart and checked by a receiver ({@link readTestMark}).
 *
 * | name         | what it is |
 * |--------------|------------|
 * | `test:audio` | Opus, 48 kHz stereo, 20 ms, 80..160 bytes: silence to a decoder, the mark in bits it does not read |
 * | `test:tone`  | PCM, 16 kHz mono, 20 ms: a tone of 440 Hz, the mark in the lowest bits |
 * | `test:video` | H.264, 128 x 96: a moving square, the frame number as a pattern; key frames large, delta frames small |
 */
import { fault, type Parsed } from "../base/parsed.ts";
import { unreachable } from "../base/unreachable.ts";
import type { StreamInfo } from "./container/stream_info.ts";
import type { MediaFrame } from "./frame.ts";
import {
  makeTestPcm,
  readOpusMark,
  readPcmMark,
  TEST_OPUS_STREAM,
  TEST_PCM_STREAM,
  TestOpus,
} from "./synthetic_audio.ts";
import type { TestMark } from "./synthetic_mark.ts";
import { readVideoMark, TestVideo, testVideoStream } from "./synthetic_video.ts";

export const TEST_SOURCES = ["test:audio", "test:tone", "test:video"] as const;
export type TestSourceName = (typeof TEST_SOURCES)[number];

export interface TestSourceOptions {
  readonly seed: number;
  /** Carried in every mark. */
  readonly sourceId: number;
  /** Video. Default 30. */
  readonly fps?: number;
  /** Video: frames from one key frame to the next. Default 60. */
  readonly keyframeInterval?: number;
  /** Video: aimed at; about 300 kbit/s at 30 frames a second is the least. Default 400000. */
  readonly bitrateBps?: number;
}

export interface TestSource {
  readonly name: TestSourceName;
  readonly stream: StreamInfo;
  /** The next frame; its bytes belong to the caller. Timestamps begin at 0. */
  next(): MediaFrame;
  /** Makes the next video frame a key frame, as a receiver's PLI asks; nothing for audio. */
  requestKeyframe(): void;
}

export function isTestSource(name: string): name is TestSourceName {
  return (TEST_SOURCES as readonly string[]).includes(name);
}

export function makeTestSource(name: TestSourceName, options: TestSourceOptions): TestSource {
  let frameNumber = 0;
  let isKeyframeAsked = false;
  const { stream, make } = chooseMaker(name, options);
  return {
    name,
    stream,
    next(): MediaFrame {
      const frame = make({ sourceId: options.sourceId, frameNumber }, isKeyframeAsked);
      frameNumber++;
      isKeyframeAsked = false;
      return frame;
    },
    requestKeyframe(): void {
      isKeyframeAsked = true;
    },
  };
}

/** Which frame of which source this is; a fault where it is none of ours or not as it was made. */
export function readTestMark(codec: StreamInfo["codec"], data: Uint8Array): Parsed<TestMark> {
  switch (codec) {
    case "opus":
      return readOpusMark(data);
    case "pcm":
      return readPcmMark(data);
    case "h264":
      return readVideoMark(data);
    default:
      return fault("unknown_type", `Cannot read test frame: no test source makes ${codec}`);
  }
}

interface Maker {
  readonly stream: StreamInfo;
  readonly make: (mark: TestMark, isKeyframeAsked: boolean) => MediaFrame;
}

function chooseMaker(name: TestSourceName, options: TestSourceOptions): Maker {
  switch (name) {
    case "test:audio": {
      const opus = new TestOpus(options.seed);
      return { stream: TEST_OPUS_STREAM, make: (mark) => opus.make(mark) };
    }
    case "test:tone":
      return { stream: TEST_PCM_STREAM, make: makeTestPcm };
    case "test:video": {
      const { fps = 30, keyframeInterval = 60, bitrateBps = 400_000 } = options;
      const video = new TestVideo(options.seed, { fps, keyframeInterval, bitrateBps });
      return { stream: testVideoStream(fps), make: (mark, isKeyframeAsked) => video.make(mark, isKeyframeAsked) };
    }
    default:
      return unreachable(name);
  }
}
