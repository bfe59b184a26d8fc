/** A page whose browser is a WebRTC peer: it sends audio and video of its own and opens a data channel. */
import type { Page } from "playwright-core";

export const PEER_PAGE = `<!doctype html>
<title>one end of the bridge</title>
<script>
let connection;

async function makeOffer() {
  connection = new RTCPeerConnection();
  const canvas = document.createElement("canvas");
  canvas.getContext("2d");
  const video = canvas.captureStream(5);
  const audio = new AudioContext().createMediaStreamDestination().stream;
  connection.addTrack(audio.getAudioTracks()[0], audio);
  connection.addTrack(video.getVideoTracks()[0], video);
  connection.createDataChannel("nothing for ArcRTC");
  const offer = await connection.createOffer();
  await connection.setLocalDescription(offer);
  return offer.sdp;
}

async function takeAnswer(sdp) {
  await connection.setRemoteDescription({ type: "answer", sdp });
  const transceivers = connection.getTransceivers();
  const codecsOf = (kind) => transceivers.filter(({ sender }) => sender.track?.kind === kind)
    .flatMap(({ sender }) => sender.getParameters().codecs.map(({ mimeType }) => mimeType));
  return {
    state: connection.signalingState,
    directions: transceivers.map(({ currentDirection }) => currentDirection),
    audio: codecsOf("audio"),
    video: codecsOf("video"),
  };
}

async function makeAnswer(sdp) {
  connection = new RTCPeerConnection();
  await connection.setRemoteDescription({ type: "offer", sdp });
  const answer = await connection.createAnswer();
  await connection.setLocalDescription(answer);
  return answer.sdp;
}
</script>`;

/** What the browser makes of an answer. */
export interface SeenAnswer {
  readonly state: string;
  readonly directions: readonly string[];
  /** Codecs that it may send, by kind. */
  readonly audio: readonly string[];
  readonly video: readonly string[];
}

export function offerOfPage(page: Page): Promise<string> {
  return page.evaluate<string>("makeOffer()");
}

/** Rejects where the browser does not take it. */
export function takeAnswer(page: Page, sdp: string): Promise<SeenAnswer> {
  return page.evaluate<SeenAnswer>(`takeAnswer(${JSON.stringify(sdp)})`);
}

export function answerOfPage(page: Page, sdp: string): Promise<string> {
  return page.evaluate<string>(`makeAnswer(${JSON.stringify(sdp)})`);
}
