/**
 * ArcRTP against werift-rtp's RTP, in the same run: `deno bench --allow-read --allow-env lib/packet/arcrtp_bench.ts`.
 * Both sides read, or write, all fixed header fields; ours have the Arc block as well.
 */
import { Buffer } from "node:buffer";
import { RtpHeader, RtpPacket } from "werift-rtp";
import { ArcRtpView, writeArcRtp } from "./arcrtp.ts";
import { RESERVED_STAMPS, StampReader, writeStamps } from "./extensions.ts";
import { REDUCED_SAVED_BYTES } from "./reduced.ts";
import { ReducedReceiver } from "./reduced_receiver.ts";
import { ReducedSender } from "./reduced_sender.ts";
import { writeRtp } from "./rtp_header.ts";

const HEADROOM = 64;
const header = { marker: true, payloadType: 111, sequenceNumber: 4660, timestamp: 0x89abcdef, ssrc: 0xdeadbeef };

/** Where results go, so that no reading is optimised away. */
let sink = 0;

for (const payloadBytes of [160, 1200]) {
  const fields = { ...header, quality: 1, priority: 0, keyPhase: 0, payload: new Uint8Array(payloadBytes).fill(7) };
  const buffer = new Uint8Array(2048);
  const end = HEADROOM + writeArcRtp(fields, buffer, HEADROOM);
  const plain = new Uint8Array(2048);
  const plainPacket = Buffer.from(plain.buffer, 0, writeRtp(fields, plain, 0));

  const view = new ArcRtpView();
  Deno.bench(`parse ArcRTP, ${payloadBytes} B`, { group: `parse ${payloadBytes} B` }, () => {
    if (!view.parse(buffer, HEADROOM, end) || !view.stripPadding()) throw new Error("must parse");
    sink += view.sequenceNumber + view.timestamp + view.ssrc + view.payloadType + (view.marker ? 1 : 0) +
      view.quality + view.priority + view.keyPhase + view.payloadEnd - view.payloadStart;
  });
  Deno.bench(`parse RTP, werift-rtp, ${payloadBytes} B`, { group: `parse ${payloadBytes} B`, baseline: true }, () => {
    const { header, payload } = RtpPacket.deSerialize(plainPacket);
    sink += header.sequenceNumber + header.timestamp + header.ssrc + header.payloadType + (header.marker ? 1 : 0) +
      payload.length;
  });

  const out = new Uint8Array(2048);
  Deno.bench(`write ArcRTP, ${payloadBytes} B`, { group: `write ${payloadBytes} B` }, () => {
    sink += writeArcRtp(fields, out, 0);
  });
  const werift = new RtpPacket(new RtpHeader(header), Buffer.from(fields.payload));
  Deno.bench(`write RTP, werift-rtp, ${payloadBytes} B`, { group: `write ${payloadBytes} B`, baseline: true }, () => {
    sink += werift.serialize().length;
  });

  const stamped = new Uint8Array(2048);
  const stampedEnd = writeArcRtp({ ...fields, extension: RESERVED_STAMPS }, stamped, 0);
  const stampedView = new ArcRtpView();
  stampedView.parse(stamped, 0, stampedEnd);
  const stamps = new StampReader();
  Deno.bench(`stamp, ${payloadBytes} B`, { group: `extensions ${payloadBytes} B` }, () => {
    writeStamps(stamped, stampedView.extensionStart, sink & 0xffffff, sink & 0xffff);
  });
  Deno.bench(`read stamps, ${payloadBytes} B`, { group: `extensions ${payloadBytes} B` }, () => {
    if (!stamps.read(stampedView)) throw new Error("must read");
    sink += stamps.transportSequence16 ?? 0;
  });

  const context = { contextId: 0, ssrc: header.ssrc, payloadType: header.payloadType, quality: 1 };
  const sender = new ReducedSender();
  const receiver = new ReducedReceiver();
  sender.define(context);
  receiver.define(context);
  const sent = buffer.slice();
  let sequence = 0;
  Deno.bench(`reduce, ${payloadBytes} B`, { group: `reduced ${payloadBytes} B` }, () => {
    sequence++;
    sent[HEADROOM] = 0x80;
    sent[HEADROOM + 2] = sequence >>> 8;
    sent[HEADROOM + 3] = sequence;
    sent.fill(0, HEADROOM + 13, HEADROOM + 16);
    sent[HEADROOM + 12] = 0x40;
    sink += sender.reduce(sent, HEADROOM, end, sequence * 0.01);
  });
  const unit = buffer.slice();
  const unitStart = HEADROOM + REDUCED_SAVED_BYTES;
  view.parse(buffer, HEADROOM, end);
  receiver.authenticated(view, view.sequenceNumber, false);
  Deno.bench(`expand, authenticated, ${payloadBytes} B`, { group: `reduced ${payloadBytes} B` }, () => {
    unit[unitStart] = 0xc0;
    unit[unitStart + 1] = 0x34;
    if (!receiver.expand(unit, unitStart, end) || !view.parse(unit, HEADROOM, end)) throw new Error("must expand");
    receiver.authenticated(view, view.sequenceNumber, true);
  });
}
