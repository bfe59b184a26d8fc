/** Speech from Anna to Ben over a simulated pair, and what became of it: what tests of paths look at. */
import type { PathEvent } from "../path_events.ts";
import type { SessionPair, SimPeer } from "./session_pair.ts";

const AUDIO = "a0a0a0a0-0000-4000-8000-000000000001";
export const FRAME_MS = 20;

export const AUDIO_SSRC = 77;

/**
 * Starts an Opus stream of made-up packets, one each 20 ms, for so long; each has its number in it. With `everyMs` most of
 * them are left out, which costs less.
 */
export function talk(pair: SessionPair, forMs: number, everyMs = FRAME_MS): void {
  pair.anna.act((session, nowMs) => {
    session.startStream(
      {
        stream_id: AUDIO,
        stream_type: "audio",
        codec: { audio: { name: "opus", bitrate: 32_000, sample_rate: 48_000, channels: 1 } },
        ssrc: AUDIO_SSRC,
      },
      {},
      nowMs,
    );
  });
  const startMs = pair.nowMs;
  for (let i = 0; i * everyMs < forMs; i++) {
    pair.network.clock.at(startMs + i * everyMs, () => {
      const data = new Uint8Array(60).fill(i & 0xff);
      data[0] = 0x78; // CELT, 20 ms, one frame
      const frame = {
        data,
        timestampTicks: i * everyMs * 48,
        durationTicks: 960,
        keyframe: true,
        priority: 0,
        complete: true,
      } as const;
      pair.anna.act((session, nowMs) => session.sendFrame(AUDIO, "audio", frame, nowMs));
    });
  }
}

/** Frames that came. */
export function heard(peer: SimPeer): number {
  return peer.media.filter((event) => event.kind === "frame").length;
}

export function pathEvents(peer: SimPeer): { readonly atMs: number; readonly event: PathEvent }[] {
  return peer.events.flatMap(({ atMs, event }) => event.kind === "path" ? [{ atMs, event: event.event }] : []);
}

/** The kinds of path that media took, one after the other. */
export function pathLog(peer: SimPeer): string[] {
  return pathEvents(peer).flatMap(({ event }) => event.kind === "chosen" ? [event.path.kind] : []);
}
