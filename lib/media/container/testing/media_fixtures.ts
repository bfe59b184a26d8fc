/** The files of `fixtures/media/` with what ffprobe says of them (`files.json`, written by its `make.sh`). */
import type { CodecName } from "../../codec.ts";
import type { MediaFrame } from "../../frame.ts";

export interface MediaFixture {
  readonly file: string;
  readonly codec: CodecName;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly sampleRateHz?: number;
  readonly channels?: number;
  readonly frames: number;
  readonly keyframes: number;
  readonly bytes: number;
  readonly sha256: string;
}

export const FIXTURES_DIRECTORY = new URL("../../../../fixtures/media/", import.meta.url);

export const MEDIA_FIXTURES = JSON.parse(
  Deno.readTextFileSync(new URL("files.json", FIXTURES_DIRECTORY)),
) as readonly MediaFixture[];

export function readFixture(file: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(new URL(file, FIXTURES_DIRECTORY));
}

/** Frames as plain values that `deepEqual` compares, whatever buffers they stand in. */
export function comparable(frames: readonly MediaFrame[]): unknown[] {
  return frames.map(({ data, ...rest }) => ({ ...rest, data: Array.from(data) }));
}
