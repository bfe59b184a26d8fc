/**
 * Reads frames out of a media file that arrives in chunks.
 *
 * ```ts
 * const reader = makeIvfReader();
 * for (const chunk of chunks) {
 *   reader.push(chunk);
 *   for (let frame = reader.poll(); frame !== undefined; frame = reader.poll()) use(frame);
 * }
 * reader.end();
 * for (let frame = reader.poll(); frame !== undefined; frame = reader.poll()) use(frame);
 * if (reader.fault !== undefined) warn(reader.fault.message);
 * ```
 *
 * Memory is what was pushed and not polled, plus one frame: no length field of a file allocates anything before the
 * bytes are there. The first fault ends the reading; frames before it have been handed out.
 */
import { type Fault, ok, type Parsed } from "../../base/parsed.ts";
import type { MediaFrame } from "../frame.ts";
import { ByteQueue } from "./byte_queue.ts";
import type { StreamInfo } from "./stream_info.ts";

export interface MediaReader {
  /** The name of the container, for messages: `Ogg`, `IVF`. */
  readonly container: string;
  /** What is in the file; undefined until enough of it was pushed. */
  readonly stream: StreamInfo | undefined;
  /** Why reading stopped early; its offset is that in the file. */
  readonly fault: Fault | undefined;
  /** Takes the next bytes of the file; they are copied. */
  push(chunk: Uint8Array): void;
  /** No more bytes: what is still incomplete becomes the last frame or a `truncated`. */
  end(): void;
  /** The next frame; its bytes belong to the caller. */
  poll(): MediaFrame | undefined;
}

/** One container's rules: what a {@link MediaReader} is made of. */
export interface ContainerSyntax {
  readonly container: string;
  readonly stream: StreamInfo | undefined;
  /** Reads on in `input`: the next frame, or undefined when it needs more bytes or, the input ended, has no more. */
  next(input: ByteQueue): Parsed<MediaFrame | undefined>;
}

export function makeMediaReader(syntax: ContainerSyntax): MediaReader {
  return new SyntaxReader(syntax);
}

/** Every frame of a file that is in memory whole, and the fault that ended it, if one did. */
export function readAllFrames(reader: MediaReader, file: Uint8Array): MediaFrame[] {
  const frames: MediaFrame[] = [];
  reader.push(file);
  reader.end();
  for (let frame = reader.poll(); frame !== undefined; frame = reader.poll()) frames.push(frame);
  return frames;
}

class SyntaxReader implements MediaReader {
  readonly #syntax: ContainerSyntax;
  readonly #input = new ByteQueue();
  /** Read ahead, so that `stream` and `fault` are known as soon as the bytes are there. */
  #ready: MediaFrame | undefined;
  #fault: Fault | undefined;

  constructor(syntax: ContainerSyntax) {
    this.#syntax = syntax;
  }

  get container(): string {
    return this.#syntax.container;
  }

  get stream(): StreamInfo | undefined {
    return this.#syntax.stream;
  }

  get fault(): Fault | undefined {
    return this.#ready === undefined ? this.#fault : undefined;
  }

  push(chunk: Uint8Array): void {
    if (this.#fault !== undefined || this.#input.isEnded) return;
    this.#input.push(chunk);
    this.#readAhead();
  }

  end(): void {
    this.#input.end();
    this.#readAhead();
  }

  poll(): MediaFrame | undefined {
    const frame = this.#ready;
    if (frame !== undefined) {
      this.#ready = undefined;
      this.#readAhead();
    }
    return frame;
  }

  #readAhead(): void {
    if (this.#ready !== undefined || this.#fault !== undefined) return;
    const next = this.#syntax.next(this.#input);
    if (next.ok) this.#ready = next.value;
    else this.#fault = next.fault;
  }
}

/** For a {@link ContainerSyntax}: nothing yet. */
export const NO_FRAME: Parsed<MediaFrame | undefined> = ok(undefined);
