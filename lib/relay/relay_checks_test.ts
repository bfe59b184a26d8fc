/** SPEC §8.4: HMAC and replay check at the relay. */
import assert from "node:assert/strict";
import { toBase64Url } from "../base/bytes.ts";
import { SeededRng } from "../base/rng.ts";
import { nobleBackend } from "../crypto/backend_noble.ts";
import { srtcpOverheadBytes, SrtcpSender } from "../crypto/srtcp.ts";
import { SrtpStreamKeys } from "../crypto/srtp_keys.ts";
import { SrtpSender } from "../crypto/srtp_protect.ts";
import { ArcRtpView, writeArcRtp } from "../packet/arcrtp.ts";
import { ReducedSender } from "../packet/reduced_sender.ts";
import type { RelayKeys } from "../signaling/messages/relay.ts";
import { MAX_CHECKED_SSRCS } from "./relay_checks.ts";
import { media, onlyMessage, reducedMedia, RelayWorld, rtcp, SESSION, uuidOf } from "./testing/relay_world.ts";

const SSRC = 0x0a0b0c0d;
const STREAM = uuidOf(0x5);

/** A peer that protects for real: keys per epoch, one SSRC. */
class Source {
  readonly ssrc: number;
  readonly #rng: SeededRng;
  readonly #epochs = new Map<
    number,
    { authKey: Uint8Array; rtcpAuthKey: Uint8Array; keys: SrtpStreamKeys; rtcpKeys: SrtpStreamKeys }
  >();
  readonly #sender: SrtpSender;
  readonly #rtcpSender: SrtcpSender;
  readonly #reduced = new ReducedSender();
  readonly #view = new ArcRtpView();

  constructor(ssrc = SSRC, startRoc = 0, seed = 1) {
    this.ssrc = ssrc;
    this.#rng = new SeededRng(seed);
    this.#sender = new SrtpSender(ssrc, { startRoc });
    this.#rtcpSender = new SrtcpSender(ssrc);
    this.#reduced.define({ contextId: 2, ssrc, payloadType: 111, quality: 0 });
  }

  #epoch(epoch: number) {
    const known = this.#epochs.get(epoch);
    if (known !== undefined) return known;
    const material = () => ({
      encryptionKey: this.#rng.fill(new Uint8Array(16)),
      authKey: this.#rng.fill(new Uint8Array(32)),
      salt: this.#rng.fill(new Uint8Array(12)),
    });
    const [media, rtcp] = [material(), material()];
    const made = {
      authKey: media.authKey,
      rtcpAuthKey: rtcp.authKey,
      keys: new SrtpStreamKeys(nobleBackend, "aes-128-gcm", "hmac-sha256-80", media),
      rtcpKeys: new SrtpStreamKeys(nobleBackend, "aes-128-gcm", "hmac-sha256-80", rtcp),
    };
    this.#epochs.set(epoch, made);
    return made;
  }

  message(epoch: number, timestamp: number, tweak: Partial<RelayKeys> = {}): RelayKeys {
    const { authKey, rtcpAuthKey } = this.#epoch(epoch);
    return {
      type: "RELAY_KEYS",
      session_id: SESSION,
      stream_id: STREAM,
      ssrc: this.ssrc,
      auth_key: toBase64Url(authKey),
      rtcp_auth_key: toBase64Url(rtcpAuthKey),
      epoch,
      roc: 0,
      reduced_header: [{ context_id: 2, ssrc: this.ssrc, payload_type: 111, quality: 0 }],
      timestamp,
      ...tweak,
    };
  }

  packet(epoch: number, sequenceNumber: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(200);
    const fields = {
      marker: false,
      payloadType: 111,
      sequenceNumber,
      timestamp: 960 * sequenceNumber,
      ssrc: this.ssrc,
    };
    const end = writeArcRtp(
      { ...fields, quality: 0, priority: 1, keyPhase: epoch & 3, payload: new Uint8Array(60).fill(sequenceNumber) },
      bytes,
      0,
    );
    this.#view.parse(bytes, 0, end);
    const { keys } = this.#epoch(epoch);
    assert.equal(this.#sender.protect(keys, this.#view), "ok");
    return bytes.slice(0, end + keys.overheadBytes);
  }

  /** What goes on the wire where the sender reduces: full or reduced. */
  reduced(epoch: number, sequenceNumber: number, nowMs: number): Uint8Array {
    const packet = this.packet(epoch, sequenceNumber);
    return packet.subarray(this.#reduced.reduce(packet, 0, packet.length, nowMs));
  }

  rtcp(epoch: number): Uint8Array {
    const { rtcpKeys } = this.#epoch(epoch);
    const plain = rtcp(this.ssrc, 32);
    const bytes = new Uint8Array(32 + srtcpOverheadBytes(rtcpKeys));
    bytes.set(plain);
    assert.equal(this.#rtcpSender.protect(rtcpKeys, bytes, 0, 32), "ok");
    return bytes;
  }
}

function tlsPair() {
  const world = new RelayWorld({ messagesPerSource: Infinity });
  const pair = world.pair(SESSION, "tls");
  const give = (from: number, keys: RelayKeys) => onlyMessage(world.send(from, keys), from);
  const isForwarded = (from: number, unit: Uint8Array) => {
    const sent = world.send(from, unit);
    for (const { unit: arrived } of sent) assert.deepEqual(arrived, unit, "byte for byte");
    return sent.length === 1;
  };
  return { world, ...pair, give, isForwarded };
}

const flipped = (unit: Uint8Array, at: number) => {
  const copy = unit.slice();
  copy[at] ^= 0x10;
  return copy;
};

Deno.test("ARC-RELAY-keys-check ARC-SIG-relay-keys-fields: with keys, forged and replayed packets of the SSRC are dropped and right ones pass", () => {
  const { world, caller, give, isForwarded } = tlsPair();
  const source = new Source();
  assert.ok(isForwarded(caller, flipped(source.packet(0, 1), 40)), "without keys nothing is checked");
  const message = source.message(0, world.timestamp());
  const answer = give(caller, message);
  assert.ok(answer.type === "ACK");
  assert.deepEqual(answer.in_reply_to, { type: "RELAY_KEYS", timestamp: message.timestamp, stream_id: STREAM });
  const packet = source.packet(0, 2);
  for (const at of [1, 5, 13, 20, packet.length - 20, packet.length - 1]) {
    assert.equal(isForwarded(caller, flipped(packet, at)), false, `byte ${at}`);
  }
  assert.ok(isForwarded(caller, packet), "the forgeries have moved nothing");
  assert.equal(isForwarded(caller, packet), false, "a replay");
  assert.equal(world.relay.counters.dropsOf("replay"), 1);
  assert.ok(world.relay.counters.dropsOf("auth") >= 5);
  assert.equal(world.relay.counters.checkedUnits, 1);
  const late = source.packet(0, 3);
  assert.ok(isForwarded(caller, source.packet(0, 4)));
  assert.ok(isForwarded(caller, late), "reordering is no replay");
  assert.equal(isForwarded(caller, source.packet(0, 5).subarray(0, 30)), false, "no room for the tags");
});

Deno.test("ARC-RELAY-keys-check: the RTCP of the SSRC is checked by its own key and window", () => {
  const { world, caller, give, isForwarded } = tlsPair();
  const source = new Source();
  give(caller, source.message(0, world.timestamp()));
  const first = source.rtcp(0);
  assert.equal(isForwarded(caller, flipped(first, 12)), false);
  assert.equal(isForwarded(caller, flipped(first, first.length - 14)), false, "E bit or index");
  assert.ok(isForwarded(caller, first));
  assert.equal(isForwarded(caller, first), false);
  const cleared = source.rtcp(0);
  cleared[cleared.length - 14] &= 0x7f;
  assert.equal(isForwarded(caller, cleared), false, "the unencrypted form");
  assert.equal(isForwarded(caller, source.rtcp(0).subarray(0, 37)), false, "too short");
  assert.ok(isForwarded(caller, rtcp(0x77)), "the RTCP of an SSRC without keys is not looked at");
});

Deno.test("ARC-RELAY-keys-check: reduced headers are checked by what they stand for, and are sent on reduced", () => {
  const { world, caller, give, isForwarded } = tlsPair();
  const source = new Source();
  const unseen = new Source().packet(0, 1).subarray(12);
  give(caller, source.message(0, world.timestamp()));
  unseen[0] = 0xc0 | 2;
  assert.equal(isForwarded(caller, unseen), false, "no full packet has been there to expand it from");
  assert.equal(world.relay.counters.dropsOf("bad_context"), 1);
  assert.ok(isForwarded(caller, reducedMedia(0, 5)), "a context that no keys are known of");
  let reduced = 0;
  for (let i = 1; i <= 40; i++) {
    world.advance(20);
    const unit = source.reduced(0, i, 5000 + 20 * i);
    if (unit[0] >= 0xc0) {
      reduced++;
      assert.equal(isForwarded(caller, flipped(unit, 1)), false, "another sequence number");
      assert.equal(isForwarded(caller, flipped(unit, 30)), false);
    }
    assert.ok(isForwarded(caller, unit), `packet ${i}`);
    if (unit[0] >= 0xc0) assert.equal(isForwarded(caller, unit), false, "a replay");
  }
  assert.ok(reduced > 20, `${reduced} of 40 were reduced`);
});

Deno.test("ARC-RELAY-keys-check: the ROC of the keys is where the check begins, so that a wrapped SSRC passes", () => {
  const { world, caller, give, isForwarded } = tlsPair();
  const source = new Source(SSRC, 3);
  give(caller, source.message(0, world.timestamp(), { roc: 3 }));
  for (const sequenceNumber of [65_534, 65_535, 0, 1]) assert.ok(isForwarded(caller, source.packet(0, sequenceNumber)));
  const stale = tlsPair();
  const other = new Source(SSRC, 3);
  stale.give(stale.caller, other.message(0, 1));
  assert.equal(stale.isForwarded(stale.caller, other.packet(0, 9)), false, "a wrong ROC fails the HMAC");
});

Deno.test("ARC-RELAY-keys-previous: the previous epoch's key is kept for 1 s after the first packet of the new one", () => {
  const { world, caller, give, isForwarded } = tlsPair();
  const source = new Source();
  give(caller, source.message(0, world.timestamp()));
  assert.ok(isForwarded(caller, source.packet(0, 1)));
  give(caller, source.message(1, world.timestamp()));
  world.advance(5000);
  assert.ok(isForwarded(caller, source.packet(0, 2)), "before the new epoch's first packet the old one goes on");
  const late = [source.packet(0, 3), source.packet(0, 4)];
  assert.ok(isForwarded(caller, source.packet(1, 5)));
  world.advance(999);
  assert.ok(isForwarded(caller, late[0]));
  assert.ok(isForwarded(caller, source.rtcp(0)));
  world.advance(1);
  assert.equal(isForwarded(caller, late[1]), false);
  assert.equal(isForwarded(caller, source.rtcp(0)), false);
  assert.ok(isForwarded(caller, source.packet(1, 6)));
  assert.ok(isForwarded(caller, source.rtcp(1)));
  // A repetition must not bring the old key back.
  give(caller, source.message(0, world.timestamp()));
  assert.equal(isForwarded(caller, source.packet(0, 7)), false);
});

Deno.test("ARC-RELAY-keys-check: a packet of an epoch that no keys were given for is dropped", () => {
  const { world, caller, give, isForwarded } = tlsPair();
  const source = new Source();
  give(caller, source.message(0, world.timestamp()));
  assert.equal(isForwarded(caller, source.packet(1, 1)), false);
  give(caller, source.message(1, world.timestamp()));
  assert.ok(isForwarded(caller, source.packet(1, 2)));
});

Deno.test("ARC-RELAY-keys-secure: RELAY_KEYS over UDP or TCP is dropped without a word", () => {
  for (const transport of ["udp", "tcp"] as const) {
    const world = new RelayWorld();
    const { caller } = world.pair(SESSION, transport);
    const source = new Source();
    assert.deepEqual(world.send(caller, source.message(0, 1)), []);
    assert.deepEqual(world.send(caller, { ...source.message(0, 1), session_id: uuidOf(4) }), []);
    assert.equal(world.relay.counters.dropsOf("keys_insecure"), 2);
    assert.equal(world.send(caller, flipped(source.packet(0, 1), 40)).length, 1, "and nothing is checked");
  }
});

Deno.test("ARC-RELAY-keys-owner: keys come from the bound peer, for its session and for SSRCs that are not the other's", () => {
  const { world, caller, callee, give, isForwarded } = tlsPair();
  const source = new Source();
  const stranger = world.addresses.add("203.0.113.5", 5, "tls");
  assert.deepEqual(world.send(stranger, source.message(0, 1)), [], "nobody is bound there");
  give(caller, source.message(0, world.timestamp()));
  const stolen = give(callee, new Source(SSRC, 0, 2).message(0, world.timestamp()));
  assert.ok(stolen.type === "ERROR" && stolen.code === "bad_state");
  const asContext = new Source(0x99).message(0, world.timestamp(), {
    reduced_header: [{ context_id: 1, ssrc: SSRC, payload_type: 111, quality: 0 }],
  });
  const named = give(callee, asContext);
  assert.ok(named.type === "ERROR" && named.code === "bad_state");
  assert.ok(isForwarded(caller, source.packet(0, 1)), "the owner is not disturbed");
  const elsewhere = give(caller, { ...source.message(0, world.timestamp()), session_id: uuidOf(4) });
  assert.ok(elsewhere.type === "ERROR" && elsewhere.code === "unknown_session");
  assert.ok(isForwarded(callee, media(0, 1, 80, SSRC)), "each peer is checked by its own keys only");
});

Deno.test("ARC-RELAY-keys-owner: a connection that was bound over TLS gives keys for its peer after the media has moved to UDP", () => {
  const { world, caller, callee, give } = tlsPair();
  const source = new Source();
  const udp = world.addresses.add("203.0.113.6", 6);
  world.bind(udp);
  assert.equal(world.relay.isInUse(caller, world.nowMs), true);
  assert.equal(give(caller, source.message(0, world.timestamp())).type, "ACK");
  assert.equal(world.send(udp, source.packet(0, 1)).length, 1);
  assert.equal(world.send(udp, flipped(source.packet(0, 2), 50)).length, 0);
  assert.deepEqual(world.send(caller, media(0, 1)), [], "it is not bound there any more");
  world.unbind(udp);
  assert.equal(world.relay.isInUse(caller, world.nowMs), false);
  assert.deepEqual(world.send(caller, source.message(0, world.timestamp())), []);
  assert.equal(world.relay.isInUse(callee, world.nowMs), true);
});

Deno.test("RELAY_KEYS: they stay while the peer moves, and go with it", () => {
  const { world, caller, callee, give } = tlsPair();
  const source = new Source();
  give(caller, source.message(0, world.timestamp()));
  const moved = world.addresses.add("203.0.113.6", 6);
  world.bind(moved);
  assert.equal(world.send(moved, flipped(source.packet(0, 1), 50)).length, 0);
  world.unbind(moved);
  world.bind(moved, { timestamp: world.timestamp() });
  assert.equal(world.send(moved, flipped(source.packet(0, 2), 50)).length, 1, "a new binding starts without keys");
  const answer = give(callee, new Source(SSRC, 0, 2).message(0, world.timestamp()));
  assert.equal(answer.type, "ACK", "and its SSRC is free again");
});

Deno.test("RELAY_KEYS: a peer's SSRCs are bounded, and a context keeps its meaning", () => {
  const { world, caller, give } = tlsPair();
  for (let i = 0; i < MAX_CHECKED_SSRCS; i++) {
    const keys = new Source(1000 + i).message(0, world.timestamp(), { reduced_header: [] });
    assert.equal(give(caller, keys).type, "ACK");
  }
  const more = give(caller, new Source(5000).message(0, world.timestamp(), { reduced_header: [] }));
  assert.ok(more.type === "ERROR" && more.code === "busy");
  const context = (payload_type: number) => ({
    reduced_header: [{ context_id: 1, ssrc: 1000, payload_type, quality: 0 }],
  });
  assert.equal(give(caller, new Source(1000).message(0, world.timestamp(), context(111))).type, "ACK");
  const clash = give(caller, new Source(1000).message(0, world.timestamp(), context(112)));
  assert.ok(clash.type === "ERROR" && clash.code === "bad_state");
});
