/**
 * Writes frames into a media file, piece by piece.
 *
 * ```ts
 * const writer = makeIvfWriter(stream);
 * for (const frame of frames) append(unwrap(writer.write(frame)));
 * const { bytes, patches } = writer.end();
 * append(bytes);
 * for (const patch of patches) overwrite(patch.offsetBytes, patch.bytes);
 * ```
 *
 * A file is readable without its patches (they are counts and lengths that are known only at the end), so it may go to a
 * pipe.
 */
import { concatBytes } from "../../base/bytes.ts";
import { type Parsed, unwrap } from "../../base/parsed.ts";
import type { MediaFrame } from "../frame.ts";

export interface MediaWriter {
  /**
   * The next bytes of the file, which belong to the caller; the file's header comes with the first, and there may be none
   * while a page fills. A fault (a frame that the container cannot hold) leaves file and writer as they were.
   */
  write(frame: MediaFrame): Parsed<Uint8Array>;
  /** Completes the file. Called once, last. */
  end(): FileEnd;
}

export interface FileEnd {
  /** To be appended. */
  readonly bytes: Uint8Array;
  /** To be written over what is there, where the file can be. */
  readonly patches: readonly FilePatch[];
}

export interface FilePatch {
  readonly offsetBytes: number;
  readonly bytes: Uint8Array;
}

/**
 * A whole file in memory.
 *
 * @throws Error where a frame cannot be written: the frames are the caller's own.
 */
export function writeAllFrames(writer: MediaWriter, frames: readonly MediaFrame[]): Uint8Array<ArrayBuffer> {
  const chunks = frames.map((frame) => unwrap(writer.write(frame)));
  const { bytes, patches } = writer.end();
  const file = concatBytes(...chunks, bytes);
  for (const patch of patches) file.set(patch.bytes, patch.offsetBytes);
  return file;
}
