/**
 * SPEC clause 4 on the wire: what a peer takes for media of ours. It tells by its reports, where the highest sequence number
 * and the count of what was lost show which packets it took.
 */
import type { Case } from "../../case.ts";
import { blockOf, type FarPeer } from "../../drive/far/far_peer.ts";
import { FarStream, withTurnedBit } from "../../drive/far/far_stream.ts";
import type { CallWish } from "../../drive/far/handshake.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import type { Authentication, SuiteName } from "../../../lib/crypto/suites.ts";

const SUITES: readonly SuiteName[] = ["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"];
const AUTHENTICATIONS: readonly Authentication[] = ["hmac-sha256-80", "none"];
const HEADER_BYTES = 16;
const UNANNOUNCED_PAYLOAD_TYPE = 120;
/** SPEC ARC-SRTP-early-hold, and a little. */
const HELD_MS = 400;
/** SPEC ARC-SRTP-roc-resync, and a little. */
const RESYNC_MS = 1100;
/** The longest that a report takes to come. */
const REPORT_MS = 1300;

export const CASES: readonly Case[] = [
  ...SUITES.flatMap((suite) =>
    AUTHENTICATIONS.map((authentication): Case => ({
      id: `call/media-${suite.replaceAll(/-(?=\d)/g, "")}-${authentication === "none" ? "none" : "hmac"}`,
      requirements: [
        "ARC-SRTP-suites",
        "ARC-SRTP-nonce",
        "ARC-SRTP-payload-encrypted",
        authentication === "none" ? "ARC-SRTP-authentication-none" : "ARC-SRTP-hmac-tag",
        "ARC-KEY-schedule-stream-keys",
        "ARC-KEY-schedule-rtcp-keys",
      ],
      title: `Media and reports pass both ways under ${suite} with ${authentication}`,
      needs: "peer",
      run: async (world) => {
        const { far, stream } = await listening(world, { suites: [suite], authentications: [authentication] });
        await sends(far, stream, 12);
        await tookUpTo(world, far, stream, stream.lastSequence);
        await far.hears("the peer's media", 0);
        const bad = far.log.entries.find(({ kind }) => kind === "unreadable");
        world.require(bad === undefined, "nothing that we cannot open", bad?.kind === "unreadable" ? bad.why : "");
      },
    }))
  ),
  ...Object.entries(
    {
      "last-bit": (unit: Uint8Array) => withTurnedBit(unit),
      "aead-tag": (unit: Uint8Array) => withTurnedBit(unit, unit.length - 20),
      "payload": (unit: Uint8Array) => withTurnedBit(unit, HEADER_BYTES),
      "timestamp": (unit: Uint8Array) => withTurnedBit(unit, 7),
      "marker": (unit: Uint8Array) => changed(unit, 1, 0x80),
      "payload-type": (unit: Uint8Array) => changed(unit, 1, 0x01),
      "arc-quality": (unit: Uint8Array) => changed(unit, 12, 0x40),
      "arc-bandwidth": (unit: Uint8Array) => withTurnedBit(unit, 15),
      "longer": (unit: Uint8Array) => Uint8Array.of(...unit, 0),
      "cut": (unit: Uint8Array) => unit.slice(0, -1),
      "no-tags": (unit: Uint8Array) => unit.slice(0, HEADER_BYTES + 3),
    } satisfies Record<string, (unit: Uint8Array) => Uint8Array>,
  ).flatMap(([words, forge]) =>
    AUTHENTICATIONS.map((authentication): Case => ({
      id: `call/forged-${words}-${authentication === "none" ? "none" : "hmac"}`,
      requirements: [
        words === "no-tags" || words === "cut" ? "ARC-SRTP-short-packet" : "ARC-SRTP-aad",
        "ARC-SRTP-receive-order",
      ],
      title: `Under ${authentication} a packet is dropped whose ${
        words.replaceAll("-", " ")
      } is not as it was protected`,
      needs: "peer",
      run: async (world) => {
        const { far, stream } = await listening(world, { authentications: [authentication] });
        await sends(far, stream, 5);
        const due = stream.lastSequence;
        stream.skip(3);
        await far.path.send(forge(stream.packet()));
        await tookUpTo(world, far, stream, due);
      },
    }))
  ),
  {
    id: "call/forged-uses-no-index",
    requirements: ["ARC-SRTP-commit-after-auth"],
    title: "A forged packet does not use up its index: the real one with the same is taken",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      await sends(far, stream, 3);
      for (let i = 0; i < 3; i++) {
        const packet = stream.packet();
        await far.path.send(withTurnedBit(packet));
        await far.path.send(packet);
      }
      await tookUpTo(world, far, stream, stream.lastSequence, 0);
    },
  },
  {
    id: "call/replayed",
    requirements: ["ARC-SRTP-replay-window", "ARC-SRTP-replay-before-auth", "ARC-SRTP-replay-always-on"],
    title: "Packets that come twice count once",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      const packets = Array.from({ length: 10 }, () => stream.packet());
      stream.skip(5);
      packets.push(stream.packet());
      for (const packet of [...packets, ...packets, ...packets]) await far.path.send(packet);
      // Five were never sent: a replay that counts would make up for them.
      await tookUpTo(world, far, stream, stream.lastSequence, 5);
    },
  },
  {
    id: "call/late",
    requirements: ["ARC-SRTP-replay-window", "ARC-SRTP-index-estimate"],
    title: "A packet that was overtaken by 60 others is taken",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      await sends(far, stream, 3);
      const late = stream.packet();
      await sends(far, stream, 60);
      await far.path.send(late);
      await tookUpTo(world, far, stream, stream.lastSequence, 0);
    },
  },
  {
    id: "call/too-late",
    requirements: ["ARC-SRTP-replay-window"],
    title: "A packet below the window of 64 is dropped",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      await sends(far, stream, 3);
      const late = stream.packet();
      await sends(far, stream, 70);
      await far.path.send(late);
      await tookUpTo(world, far, stream, stream.lastSequence, 1);
    },
  },
  {
    id: "call/other-key-phase",
    requirements: ["ARC-KEY-epoch-phase-lookup"],
    title: "A packet whose K matches no epoch is dropped",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      await sends(far, stream, 4);
      const due = stream.lastSequence;
      for (const keyPhase of [1, 2, 3]) await far.path.send(stream.packet({ keyPhase, epoch: 0 }));
      await tookUpTo(world, far, stream, due);
    },
  },
  {
    id: "call/wrap",
    requirements: ["ARC-SRTP-roc-start", "ARC-SRTP-index-estimate"],
    title: "The rollover counter grows when the sequence numbers wrap",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world, {}, { firstSequence: 65_530 });
      await sends(far, stream, 20);
      await tookUpTo(world, far, stream, stream.lastSequence, 0);
    },
  },
  {
    id: "call/wrap-missed",
    requirements: ["ARC-SRTP-roc-resync"],
    title: "After a second of silence a packet is taken whose rollover counter is one further than it seems",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world, {}, { firstSequence: 100 });
      await sends(far, stream, 5);
      await world.pass(RESYNC_MS);
      const later = new FarStream(far.keys, stream.streamId, stream.ssrc, 120, 1);
      await sends(far, later, 3);
      await tookUpTo(world, far, stream, 65_536 + later.lastSequence);
    },
  },
  {
    id: "call/roc-announced",
    requirements: ["ARC-SRTP-roc-announced", "ARC-SIG-stream-start-fields"],
    title: "A stream whose STREAM_START says that its rollover counter is 7 begins there",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const stream = far.makeAudio({ startRoc: 7 });
      await far.ask(far.announcement(stream, { roc: [{ ssrc: stream.ssrc, roc: 7 }] }));
      await sends(far, stream, 6);
      const { extendedHighestSequence32: highest } = await far.report(stream);
      world.require((highest & 0xffff) === stream.lastSequence, `a report up to ${stream.lastSequence}`, `${highest}`);
    },
  },
  {
    id: "call/early-held",
    requirements: ["ARC-SRTP-early-hold"],
    title: "Media that overtakes its STREAM_START is kept and processed when that comes",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const stream = far.makeAudio();
      await sends(far, stream, 4);
      await far.fence();
      await far.ask(far.announcement(stream));
      await tookUpTo(world, far, stream, stream.lastSequence, 0);
    },
  },
  {
    id: "call/early-too-long",
    requirements: ["ARC-SRTP-early-hold"],
    title: "What has waited longer than 250 ms for its STREAM_START is discarded",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const stream = far.makeAudio();
      await sends(far, stream, 4);
      await world.pass(HELD_MS);
      await far.ask(far.announcement(stream));
      await reportsNothing(world, far, stream);
    },
  },
  {
    id: "call/early-from-stranger",
    requirements: ["ARC-SRTP-unvalidated-unknown-ssrc"],
    title: "Media of an unknown SSRC from an address that is not validated is not kept",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const stream = far.makeAudio();
      const stranger = far.unnamedPath();
      for (let i = 0; i < 4; i++) await stranger.send(stream.packet());
      await far.fence();
      await far.ask(far.announcement(stream));
      await reportsNothing(world, far, stream);
    },
  },
  {
    id: "call/early-no-security-event",
    requirements: ["ARC-SRTP-early-not-failures"],
    title: "Many units of an unknown SSRC do not make a peer ask for new keys",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { authentications: ["none"] });
      await far.validate();
      const { mark } = far.log;
      const stream = far.makeAudio();
      await sends(far, stream, 60);
      await world.pass(HELD_MS);
      await far.fence();
      const asked = far.log.all(
        mark,
        (heard) => heard.kind === "signal" && heard.message.type === "KEY_ROTATE" || undefined,
      );
      world.require(asked.length === 0, "no KEY_ROTATE", `${asked.length}`);
    },
  },
  {
    id: "call/unknown-payload-type",
    requirements: ["ARC-RTP-unknown-payload-type"],
    title: "A packet of a payload type that its stream did not announce is dropped, the next one of its own is taken",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      await sends(far, stream, 5);
      const due = stream.lastSequence;
      await far.path.send(stream.packet({ payloadType: UNANNOUNCED_PAYLOAD_TYPE }));
      await tookUpTo(world, far, stream, due);
      await sends(far, stream, 1);
      await tookUpTo(world, far, stream, stream.lastSequence);
    },
  },
  {
    id: "call/reserved-ignored",
    requirements: ["ARC-RTP-reserved-ignored", "ARC-RTP-ext-other-profile", "ARC-RTP-ext-unknown-skipped"],
    title: "Packets with CSRCs, a header extension of another profile, padding, bandwidth and loss are taken",
    needs: "peer",
    run: async (world) => {
      const { far, stream } = await listening(world);
      await sends(far, stream, 2);
      await far.path.send(stream.packet({ csrc: [1, 2, 3] }));
      await far.path.send(stream.packet({ extension: { profile: 0x1234, data: new Uint8Array(8) } }));
      await far.path.send(stream.packet({ extension: { profile: 0xbede, data: Uint8Array.of(0x71, 1, 2, 0xf0) } }));
      await far.path.send(stream.packet({ padding: true, payload: Uint8Array.of(0xfc, 0xff, 0xfe, 0, 0, 3) }));
      await far.path.send(stream.packet({ bandwidthKbps: 3000, lossTenths: 12, marker: true }));
      await tookUpTo(world, far, stream, stream.lastSequence, 0);
    },
  },
];

interface Listening {
  readonly far: FarPeer;
  readonly stream: FarStream;
}

/** A call in which the peer under test receives a stream of ours. */
export async function listening(
  world: PeerWorld,
  wish: CallWish = {},
  begin: { readonly firstSequence?: number } = {},
): Promise<Listening> {
  const far = await world.call("callee", wish);
  await far.validate();
  return { far, stream: await far.startAudio({}, begin) };
}

export async function sends(far: FarPeer, stream: FarStream, packets: number): Promise<void> {
  for (let i = 0; i < packets; i++) await far.path.send(stream.packet());
}

/** The next report ends at this sequence number, and says that so many were lost. */
export async function tookUpTo(
  world: PeerWorld,
  far: FarPeer,
  stream: { readonly ssrc: number },
  due: number,
  lost?: number,
): Promise<void> {
  const { extendedHighestSequence32: highest, cumulativeLost } = await far.report(stream);
  world.require(highest === due, `a report up to ${due}`, `one up to ${highest}`);
  if (lost !== undefined) world.require(cumulativeLost === lost, `${lost} lost`, `${cumulativeLost} lost`);
}

/** No report speaks of the stream for as long as one takes to come. */
async function reportsNothing(world: PeerWorld, far: FarPeer, { ssrc }: FarStream): Promise<void> {
  const { mark } = far.log;
  await world.pass(REPORT_MS);
  const reported = far.log.all(mark, (heard) => heard.kind === "rtcp" ? blockOf(heard.packets, ssrc) : undefined);
  world.require(reported.length === 0, "no report on what was not taken", `${reported.length} reports`);
}

function changed(unit: Uint8Array, at: number, bits: number): Uint8Array {
  const bytes = unit.slice();
  bytes[at] ^= bits;
  return bytes;
}
