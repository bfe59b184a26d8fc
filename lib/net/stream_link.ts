/** A signaling link over a TCP or TLS socket: every unit behind its length (SPEC ARC-UNIT-stream-framing). */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { toHex, utf8 } from "../base/bytes.ts";
import { FRAME_HEADER_BYTES, FrameReader, writeFrame } from "../packet/framing.ts";
import { CLOSE_TIMEOUT_MS, MAX_MESSAGE_BYTES, type SignalingLink, type SignalingLinkEvents } from "./signaling_link.ts";

/** Wraps a connected socket (TLS: after its handshake). The link owns the socket from here on. */
export function streamLink(socket: Socket | TLSSocket, name: string, events: SignalingLinkEvents): SignalingLink {
  const reader = new FrameReader(MAX_MESSAGE_BYTES);
  let open = true;
  const finish = (why: string) => {
    if (!open) return;
    open = false;
    endGently(socket);
    events.closed(why);
  };

  socket.setNoDelay(true);
  socket.on("data", (chunk: Uint8Array) => {
    if (!open) return;
    reader.feed(chunk);
    while (open && reader.next()) events.message(reader.bytes.subarray(reader.start, reader.end));
    // No later boundary can be trusted (SPEC ARC-UNIT-frame-close).
    if (open && reader.fault !== undefined) finish(reader.fault.message);
  });
  socket.on(
    "end",
    () => finish(reader.pendingBytes > 0 ? "ended in the middle of a unit" : "closed by the other side"),
  );
  socket.on("error", (error: Error) => finish(error.message));
  socket.on("close", () => finish("closed"));

  return {
    name,
    peerCertificateSha256: certificateSha256(socket),
    get bufferedBytes() {
      return socket.writableLength;
    },
    send(text) {
      if (!open) return;
      const unit = utf8(text);
      const frame = new Uint8Array(FRAME_HEADER_BYTES + unit.length);
      writeFrame(unit, frame, 0);
      socket.write(frame);
    },
    close(why) {
      finish(why ?? "closed here");
    },
  };
}

/** Lets what was sent go out; a side that does not read it or does not end is cut off. */
function endGently(socket: Socket | TLSSocket): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS);
  socket.once("close", () => clearTimeout(timer));
  socket.end();
}

/** SHA-256 of the certificate that the other side of a TLS socket showed; undefined for plain TCP or none shown. */
export function certificateSha256(socket: Socket | TLSSocket): string | undefined {
  if (!("getPeerCertificate" in socket)) return undefined;
  const raw = socket.getPeerCertificate()?.raw as Uint8Array | undefined;
  return raw === undefined ? undefined : toHex(createHash("sha256").update(raw).digest());
}
