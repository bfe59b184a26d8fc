/** What the published vectors ask beyond the first set of ops: each is one function of the library in JSON. */
import { EMPTY_BYTES, readU32, toHex } from "../../../lib/base/bytes.ts";
import { unixMsToAbsSendTime } from "../../../lib/base/time.ts";
import { nobleBackend } from "../../../lib/crypto/backend_noble.ts";
import { parsePublicKey } from "../../../lib/crypto/ecdh.ts";
import { judgeIdentity } from "../../../lib/crypto/identity.ts";
import { rtcpKeys, sealingKey, type StreamKeyMaterial, streamKeys } from "../../../lib/crypto/key_schedule.ts";
import { estimateIndex, packetIndex } from "../../../lib/crypto/packet_index.ts";
import { verifyProof } from "../../../lib/crypto/proof.ts";
import { verifyRelayProof } from "../../../lib/crypto/relay_token.ts";
import { openSealed, SealReceiver } from "../../../lib/crypto/seal.ts";
import { srtcpOverheadBytes, SrtcpReceiver } from "../../../lib/crypto/srtcp.ts";
import { SrtpStreamKeys } from "../../../lib/crypto/srtp_keys.ts";
import { SrtpReceiver } from "../../../lib/crypto/srtp_unprotect.ts";
import { AUTHENTICATIONS, SUITE_NAMES } from "../../../lib/crypto/suites.ts";
import { ArcRtpView, parseArcRtp } from "../../../lib/packet/arcrtp.ts";
import { classifyUnit, UnitKind } from "../../../lib/packet/demux.ts";
import { ElementCursor, StampReader } from "../../../lib/packet/extensions.ts";
import { writeWithoutArcBlock } from "../../../lib/packet/plain_rtp.ts";
import { REDUCED_SAVED_BYTES } from "../../../lib/packet/reduced.ts";
import { ReducedReceiver } from "../../../lib/packet/reduced_receiver.ts";
import type { Fields } from "../request.ts";
import { opFault, opOk, opParsed, type OpResult, type Ops } from "../testee.ts";

export const vectorOps: Ops = {
  "rtp.strip": (request) =>
    opParsed(parseArcRtp(request.hex("hex")), (view) => {
      const out = new Uint8Array(view.end);
      return { hex: toHex(out.subarray(0, writeWithoutArcBlock(view, out, 0))) };
    }),
  "rtp.extensions": readExtensions,
  "rtp.send_time": (request) => opOk({ send_time: unixMsToAbsSendTime(request.number("unix_ms")) }),
  "reduced.receive": receiveReduced,
  "keys.check_proof": checkProof,
  "relay.check_proof": checkRelayProof,
  "rotation.receive": receiveEpochs,
  "identity.verify": verifyIdentity,
};

function readExtensions(request: Fields): OpResult {
  return opParsed(parseArcRtp(request.hex("hex")), (view) => {
    const stamps = new StampReader();
    stamps.read(view);
    const elements: object[] = [];
    if (view.hasExtension) {
      const cursor = new ElementCursor();
      cursor.open(view);
      while (cursor.next()) {
        elements.push({ id: cursor.id, data: toHex(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd)) });
      }
    }
    return {
      send_time: stamps.sendTime24 ?? null,
      transport_sequence: stamps.transportSequence16 ?? null,
      elements,
    };
  });
}

function checkProof(request: Fields): OpResult {
  const proven = {
    sessionId: request.text("session_id"),
    type: request.oneOf("type", ["KEY_ROTATE", "KEY_ROTATE_ACK", "CONNECT", "CONNECT_ACK"] as const),
    peerId: request.text("peer_id"),
    epoch: request.u32("epoch"),
    publicKey: request.text("public_key"),
  };
  return verifyProof(request.hex("master_key"), proven, request.text("proof")) ? opOk({}) : REFUSED_AS_FORGED;
}

function checkRelayProof(request: Fields): OpResult {
  const grant = {
    sessionId: request.text("session_id"),
    peerId: request.text("peer_id"),
    expiresS: request.integer("expires", 0, Number.MAX_SAFE_INTEGER),
  };
  const isRight = verifyRelayProof(request.hex("relay_secret"), grant, request.text("nonce"), request.text("proof"));
  return isRight ? opOk({}) : REFUSED_AS_FORGED;
}

/** An identity without a policy: whatever is wrong with it is `bad_identity` on the wire, `bad_key` here. */
function verifyIdentity(request: Fields): OpResult {
  const identity = request.object("identity");
  const publicKey = parsePublicKey(request.text("public_key"));
  if (!publicKey.ok) return opFault(publicKey.fault);
  const verdict = judgeIdentity(
    { kind: "optional" },
    { certificate: identity.text("certificate"), signature: identity.text("signature") },
    {
      sessionId: request.text("session_id"),
      peerId: request.text("peer_id"),
      role: request.oneOf("role", ["caller", "callee"] as const),
      publicKey: publicKey.value,
    },
    request.number("at_ms"),
  );
  if (!verdict.ok) return opFault({ reason: "bad_key", message: verdict.message });
  return opOk({ fingerprint: toHex(verdict.certificate?.fingerprint ?? EMPTY_BYTES) });
}

interface HeldEpoch {
  readonly epoch: number;
  readonly media: SrtpStreamKeys;
  readonly rtcp: SrtpStreamKeys;
  readonly sealed: SealReceiver;
}

/** The receiving side of a peer that holds several epochs, for one stream and one sender. */
function receiveEpochs(request: Fields): OpResult {
  const suite = request.oneOf("suite", SUITE_NAMES);
  const authentication = request.oneOf("authentication", AUTHENTICATIONS);
  const peerId = request.text("peer_id");
  const held: readonly HeldEpoch[] = request.objects("epochs").map((entry) => {
    const master = entry.hex("master_key");
    const importKeys = (material: StreamKeyMaterial) =>
      new SrtpStreamKeys(nobleBackend, suite, authentication, material);
    return {
      epoch: entry.u32("epoch"),
      media: importKeys(streamKeys(master, request.text("stream_id"), suite)),
      rtcp: importKeys(rtcpKeys(master, peerId, suite)),
      sealed: new SealReceiver(nobleBackend.importMac(sealingKey(master, peerId))),
    };
  });
  const media = new Map<number, SrtpReceiver>();
  const rtcp = new Map<number, SrtcpReceiver>();
  const view = new ArcRtpView();

  const receiveMedia = (unit: Uint8Array): object => {
    if (!view.parse(unit)) return { fault: faultFields(view.fault()) };
    const named = held.find(({ epoch }) => (epoch & 3) === view.keyPhase);
    if (named === undefined) return { fault: { reason: "bad_context" } };
    const receiver = media.get(view.ssrc) ?? new SrtpReceiver(view.ssrc, 0);
    media.set(view.ssrc, receiver);
    const outcome = receiver.unprotect(named.media, view, 0);
    if (outcome !== "ok") return { fault: { reason: outcome } };
    return {
      kind: "arcrtp",
      epoch: named.epoch,
      hex: toHex(unit.subarray(0, unit.length - named.media.overheadBytes)),
    };
  };
  const receiveRtcp = (unit: Uint8Array): object => {
    const ssrc = readU32(unit, 4);
    const receiver = rtcp.get(ssrc) ?? new SrtcpReceiver(ssrc);
    rtcp.set(ssrc, receiver);
    const outcomes = held.map(({ epoch, rtcp: keys }) => {
      const outcome = receiver.unprotect(keys, unit, 0, unit.length);
      if (outcome !== "ok") return { outcome };
      const plain = unit.subarray(0, unit.length - srtcpOverheadBytes(keys));
      return { outcome, answer: { kind: "rtcp", epoch, hex: toHex(plain) } };
    });
    const opened = outcomes.find(({ outcome }) => outcome === "ok");
    return opened?.answer ?? { fault: { reason: outcomes[0].outcome } };
  };
  const receiveSealed = (unit: Uint8Array): object => {
    const opened = openSealed(held.map(({ sealed }) => sealed), unit);
    if (!opened.ok) return { fault: { reason: opened.fault.reason } };
    const { json, by } = opened.value;
    return { kind: "json", epoch: held[by].epoch, json: new TextDecoder().decode(json) };
  };

  const results = request.hexList("units").map((unit) => {
    const kind = classifyUnit(unit);
    if (kind === UnitKind.rtcp) return receiveRtcp(unit);
    return kind === UnitKind.json ? receiveSealed(unit) : receiveMedia(unit);
  });
  return opOk({ results });
}

function receiveReduced(request: Fields): OpResult {
  const receiver = new ReducedReceiver();
  for (const entry of request.objects("contexts")) {
    receiver.define({
      contextId: entry.integer("context_id", 0, 7),
      ssrc: entry.u32("ssrc"),
      payloadType: entry.integer("payload_type", 0, 127),
      quality: entry.integer("quality", 0, 3),
    });
  }
  const highest = new Map<number, number>();
  const view = new ArcRtpView();
  const results = request.objects("units").map((unit) => {
    const wire = unit.hex("hex");
    const isReduced = wire[0] >= 0xc0;
    const room = isReduced ? REDUCED_SAVED_BYTES : 0;
    const bytes = new Uint8Array(room + wire.length);
    bytes.set(wire, room);
    if (isReduced && !receiver.expand(bytes, room, bytes.length)) return { fault: faultFields(receiver.fault()) };
    if (!view.parse(bytes)) return { fault: faultFields(view.fault()) };
    if (unit.flag("authentic", true)) {
      const before = highest.get(view.ssrc);
      const index = before === undefined
        ? packetIndex(0, view.sequenceNumber)
        : estimateIndex(view.sequenceNumber, before);
      highest.set(view.ssrc, Math.max(index, before ?? 0));
      receiver.authenticated(view, index, isReduced);
    }
    return { hex: toHex(bytes) };
  });
  return opOk({ results });
}

function faultFields({ message: _, ...fields }: { readonly message: string }): object {
  return fields;
}

/** What has no fault of its own in the library: it answers false. */
const REFUSED_AS_FORGED = opFault({ reason: "auth", message: "wrong proof" });
