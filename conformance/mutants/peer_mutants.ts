/** Our own peer, broken. */
import { toBase64Url, utf8 } from "../../lib/base/bytes.ts";
import { isSealed, SEAL_OVERHEAD_BYTES } from "../../lib/crypto/seal.ts";
import { classifyUnit, UnitKind } from "../../lib/packet/demux.ts";
import type { Json } from "../testee/answer.ts";
import type { Mutant } from "./mutant.ts";
import { messageIn, peerMutant, receiving, type Rewrite, saying, sending, withCrypto, withMac } from "./peer_mutant.ts";

const WRONG_PROOF = toBase64Url(new Uint8Array(16).fill(7));

function isMedia(unit: Uint8Array): boolean {
  const kind = classifyUnit(unit);
  return kind === UnitKind.arcrtp || kind === UnitKind.reduced;
}

function isRtcp(unit: Uint8Array): boolean {
  return classifyUnit(unit) === UnitKind.rtcp;
}

/** Messages of a type with fields changed. */
function retelling(type: string, change: (message: Json) => Json) {
  return saying(() => (message) => message.type === type ? { ...message, ...change(message) } : message);
}

/** Plain messages of a type on the path with fields changed. */
function rewritingPlain(type: string, change: (message: Json, n: number) => Json) {
  return sending((): Rewrite => {
    let n = 0;
    return (unit, address) => {
      const message = isSealed(unit) ? {} : messageIn(unit);
      return [[message.type === type ? utf8(JSON.stringify({ ...message, ...change(message, n++) })) : unit, address]];
    };
  });
}

export const PEER_MUTANTS: readonly Mutant[] = [
  peerMutant({
    id: "peer/believes-any-tag",
    broken: "takes any HMAC tag for right",
    breaks: ["ARC-SEAL-wrong-tag"],
  }, withMac(() => ({ verify: () => true }))),
  peerMutant(
    {
      id: "peer/tag-without-roc",
      broken: "leaves the ROC out of the HMAC tag, on both sides",
      breaks: ["ARC-SRTP-hmac-tag"],
    },
    withMac((key) => ({
      sign: (buffer, start, end, _roc, ...tag) => key.sign(buffer, start, end, null, ...tag),
      verify: (buffer, start, end, _roc, ...tag) => key.verify(buffer, start, end, null, ...tag),
    })),
  ),
  peerMutant(
    {
      id: "peer/header-not-authenticated",
      broken: "leaves the header out of the associated data",
      breaks: ["ARC-SRTP-aad"],
    },
    withCrypto((backend) => ({
      importAead(suite, bytes) {
        const key = backend.importAead(suite, bytes);
        return {
          suite,
          seal: (nonce, buffer, _aad, start, end) => key.seal(nonce, buffer, start, start, end),
          open: (nonce, buffer, _aad, start, end) => key.open(nonce, buffer, start, start, end),
          free: () => key.free(),
        };
      },
    })),
  ),
  peerMutant(
    {
      id: "peer/roc-never-advances",
      broken: "protects and checks with a ROC of 0 for ever",
      breaks: ["ARC-SRTP-roc-start"],
    },
    withMac((key) => ({
      sign: (buffer, start, end, roc, ...tag) => key.sign(buffer, start, end, roc === null ? null : 0, ...tag),
      verify: (buffer, start, end, roc, ...tag) => key.verify(buffer, start, end, roc === null ? null : 0, ...tag),
    })),
  ),
  peerMutant(
    {
      id: "peer/media-before-validation",
      broken: "sends media to addresses that have not answered",
      breaks: ["ARC-PATH-validated-only", "ARC-PATH-no-media-without-path"],
    },
    sending(() => (unit, address) => {
      const media = new Uint8Array(80).fill(0x5a);
      media.set([0x80, 0x6f], 0);
      return messageIn(unit).type === "HEARTBEAT" ? [[unit, address], [media, address]] : [[unit, address]];
    }),
  ),
  peerMutant(
    {
      id: "peer/answers-plain-heartbeats",
      broken: "answers HEARTBEATs that are not sealed",
      breaks: ["ARC-SEAL-clear-dropped"],
    },
    receiving((unit, answer) => {
      const message = messageIn(unit);
      if (message.type !== "HEARTBEAT" || isSealed(unit)) return false;
      answer(utf8(JSON.stringify({ ...message, type: "HEARTBEAT_ACK" })));
      return true;
    }),
  ),
  peerMutant({
    id: "peer/speaks-in-the-clear",
    broken: "sends its HEARTBEATs unsealed",
    breaks: ["ARC-SEAL-clear-units"],
  }, sending(() => (unit, address) => [[isSealed(unit) ? unit.slice(0, -SEAL_OVERHEAD_BYTES) : unit, address]])),
  peerMutant(
    {
      id: "peer/answers-by-the-first-path",
      broken: "answers every HEARTBEAT where it once answered the first",
      breaks: ["ARC-PATH-own-direction"],
    },
    sending((): Rewrite => {
      let first: number | undefined;
      return (unit, address) => {
        if (messageIn(unit).type !== "HEARTBEAT_ACK") return [[unit, address]];
        return [[unit, first ??= address]];
      };
    }),
  ),
  peerMutant(
    {
      id: "peer/never-fails-over",
      broken: "sends media where it began, whatever has become of that path",
      breaks: ["ARC-PATH-failover"],
    },
    sending((): Rewrite => {
      let first: number | undefined;
      return (unit, address) => [[unit, isMedia(unit) ? first ??= address : address]];
    }),
  ),
  peerMutant({
    id: "peer/no-reports",
    broken: "sends no RTCP",
    breaks: ["ARC-RTCP-reports"],
  }, sending(() => (unit, address) => isRtcp(unit) ? [] : [[unit, address]])),
  peerMutant({
    id: "peer/deaf-to-feedback",
    broken: "takes no notice of NACKs and PLIs",
    breaks: ["ARC-LOSS-rtx-format", "ARC-RTCP-pli"],
  }, receiving((unit) => isRtcp(unit))),
  peerMutant({
    id: "peer/drops-reduced",
    broken: "takes no reduced headers, although it said that it does",
    breaks: ["ARC-RTP-reduced-expand"],
  }, receiving((unit) => classifyUnit(unit) === UnitKind.reduced)),
  peerMutant(
    {
      id: "peer/larger-than-a-unit",
      broken: "fills its packets up to 1300 bytes",
      breaks: ["ARC-UNIT-media-size"],
    },
    sending(
      () => (unit, address) => [[
        isMedia(unit) ? Uint8Array.of(...unit, ...new Uint8Array(1300 - unit.length)) : unit,
        address,
      ]],
    ),
  ),
  peerMutant({
    id: "peer/acknowledges-nothing",
    broken: "acts on requests and does not say so",
    breaks: ["ARC-SIG-ack-requests"],
  }, saying(() => (message) => message.type === "ACK" ? undefined : message)),
  peerMutant(
    {
      id: "peer/never-repeats",
      broken: "sends each request once",
      breaks: ["ARC-SIG-repeat-first-interval"],
    },
    saying(() => {
      const said = new Set<string>();
      return (message) => {
        const text = JSON.stringify(message);
        if (said.has(text)) return undefined;
        said.add(text);
        return message;
      };
    }),
  ),
  peerMutant(
    {
      id: "peer/answers-anew",
      broken: "gives each repetition an answer of its own",
      breaks: ["ARC-SIG-repeat-same-answer"],
    },
    saying(() => {
      let n = 0;
      const answers = ["ACK", "ERROR", "KEY_ROTATE_ACK", "CONNECT_ACK"];
      return (message) =>
        answers.includes(String(message.type)) ? { ...message, timestamp: Number(message.timestamp) + n++ } : message;
    }),
  ),
  peerMutant({
    id: "peer/rotates-without-proof",
    broken: "answers a KEY_ROTATE with a proof that proves nothing",
    breaks: ["ARC-KEY-epoch-proof"],
  }, retelling("KEY_ROTATE_ACK", () => ({ proof: WRONG_PROOF }))),
  peerMutant({
    id: "peer/resumes-without-proof",
    broken: "asks to resume with a proof that proves nothing",
    breaks: ["ARC-KEY-epoch-proof"],
  }, retelling("CONNECT", ({ resume }) => resume === true ? { proof: WRONG_PROOF } : {})),
  peerMutant({
    id: "peer/latency-of-its-own",
    broken: "tells a latency that its timestamps do not give",
    breaks: ["ARC-SIG-heartbeat-latency"],
  }, retelling("HEARTBEAT_ACK", ({ latency_ms: latencyMs }) => ({ latency_ms: Number(latencyMs) + 1000 }))),
  peerMutant({
    id: "peer/binds-with-new-timestamps",
    broken: "gives each repetition of RELAY_BIND a timestamp of its own",
    breaks: ["ARC-SIG-repeat-identical"],
  }, rewritingPlain("RELAY_BIND", ({ timestamp }, n) => ({ timestamp: Number(timestamp) + n }))),
  peerMutant({
    id: "peer/binds-with-its-token",
    broken: "shows the relay a proof that is not over its nonce",
    breaks: ["ARC-RELAY-proof"],
  }, rewritingPlain("RELAY_BIND", ({ proof }) => proof === undefined ? {} : { proof: WRONG_PROOF })),
  peerMutant({
    id: "peer/lacks-the-default",
    broken: "has no aes-128-gcm",
    breaks: ["ARC-SRTP-default-suite"],
  }, { config: (config) => ({ ...config, suites: ["chacha20-poly1305"] }) }),
  peerMutant({
    id: "peer/slow-clock",
    broken: "keeps the old epoch, and all else that takes a second, five times as long",
    breaks: ["ARC-KEY-rotation-old-epoch-end"],
  }, { clock: (clock) => ({ ...clock, nowMs: () => clock.nowMs() / 5, unixOffsetMs: clock.unixOffsetMs }) }),
  peerMutant({
    id: "peer/answers-errors",
    broken: "answers an ERROR with an ERROR",
    breaks: ["ARC-SIG-error-not-for-error"],
  }, {
    message(unit, say) {
      const { type, session_id } = messageIn(unit);
      if (type === "ERROR") {
        say(JSON.stringify({ type, code: "internal", message: "you too", session_id, timestamp: 1 }));
      }
    },
  }),
];
