/** Our own peer, broken in what it makes of the packets that it receives. */
import { toHex } from "../../lib/base/bytes.ts";
import { absSendTimeDeltaMs, unixMsToAbsSendTime } from "../../lib/base/time.ts";
import { ArcRtpView } from "../../lib/packet/arcrtp.ts";
import { StampReader } from "../../lib/packet/extensions.ts";
import { messageOf } from "../drive/line.ts";
import type { OwnPeerChanges } from "../drive/own_peer.ts";
import type { Json } from "../testee/answer.ts";
import type { Mutant } from "./mutant.ts";
import { peerMutant, receiving, saying, withCrypto } from "./peer_mutant.ts";

export const CALL_MUTANTS: readonly Mutant[] = [
  peerMutant({
    id: "peer/delay-between-clocks",
    broken: "takes arrival by its own clock less send time by the sender's for the one-way delay",
    breaks: ["ARC-RTP-ext-arrival-time"],
  }, delaysBetweenClocks()),
  peerMutant(
    {
      id: "peer/asks-for-less",
      broken: "asks for a lower bit rate of what it receives, by itself",
      breaks: ["ARC-QUALITY-sender-decides"],
    },
    {
      message(unit, say) {
        const { type, session_id, stream_id, timestamp } = messageOf(unit);
        if (type !== "STREAM_START") return;
        const wish = { quality: { bitrate: 16_000 }, reason: "network" };
        say(JSON.stringify({ type: "QUALITY_ADAPT", session_id, stream_id, ...wish, timestamp }));
      },
    },
  ),
  peerMutant({
    id: "peer/takes-any-payload-type",
    broken: "takes packets of payload types that nobody announced",
    breaks: ["ARC-RTP-unknown-payload-type"],
  }, takesAnyPayloadType()),
];

const OPUS = 111;
const UNANNOUNCED = 120;
/** Sequence number, timestamp and SSRC. */
const [NUMBERS_AT, NUMBERS_END] = [2, 12];

/** It reads an announced type, and takes back what it read where the tags need the packet as it was. */
function takesAnyPayloadType(): OwnPeerChanges {
  const changed = new Set<string>();
  const numbersOf = (packet: Uint8Array, at = 0) => toHex(packet.subarray(at + NUMBERS_AT, at + NUMBERS_END));
  const asItWas = (buffer: Uint8Array, at: number, judge: () => boolean): boolean => {
    if (!changed.has(numbersOf(buffer, at))) return judge();
    buffer[at + 1] = UNANNOUNCED;
    const isRight = judge();
    buffer[at + 1] = OPUS;
    return isRight;
  };
  return {
    ...receiving((unit) => {
      if ((unit[0] & 0xc0) === 0x80 && unit[1] === UNANNOUNCED) {
        changed.add(numbersOf(unit));
        unit[1] = OPUS;
      }
      return false;
    }),
    ...withCrypto((backend) => ({
      importAead(suite, bytes) {
        const key = backend.importAead(suite, bytes);
        return {
          suite,
          seal: (...args) => key.seal(...args),
          open: (nonce, buffer, at, ...text) => asItWas(buffer, at, () => key.open(nonce, buffer, at, ...text)),
          free: () => key.free(),
        };
      },
      importMac(bytes) {
        const key = backend.importMac(bytes);
        return {
          sign: (...args) => key.sign(...args),
          verify: (buffer, at, ...tag) => asItWas(buffer, at, () => key.verify(buffer, at, ...tag)),
          free: () => key.free(),
        };
      },
    })),
  };
}

/** The send time of a packet can be read by anybody; so can METRICS be told otherwise. */
function delaysBetweenClocks(): OwnPeerChanges {
  const view = new ArcRtpView();
  const stamps = new StampReader();
  let one_way = 0;
  return {
    ...receiving((unit) => {
      if (view.parse(unit) && view.hasExtension && stamps.read(view) && stamps.sendTime24 !== undefined) {
        one_way = absSendTimeDeltaMs(stamps.sendTime24, unixMsToAbsSendTime(Date.now()));
      }
      return false;
    }),
    ...saying(() => (message) =>
      message.type === "METRICS" ? { ...message, latency: { ...message.latency as Json, one_way } } : message
    ),
  };
}
