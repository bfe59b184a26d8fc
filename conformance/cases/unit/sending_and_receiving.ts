/** SPEC clause 1.3: units that are sent, taken, dropped and never answered. */
import { parseHex } from "../../../lib/base/bytes.ts";
import { unwrap } from "../../../lib/base/parsed.ts";
import type { Case } from "../../case.ts";
import type { RelayWorld } from "../../drive/relay_world.ts";
import { answersWith, refuses } from "../../expect.ts";
import { vectorCase } from "../../vector_case.ts";
import { fullUnit } from "../opaque_units.ts";

/** A unit of every class that is nothing: too short, or of no class at all. */
const UNKNOWN_UNITS = ["04", "13ff", "40000000", "5b7b7d5d", "7affff", "7c", "7f00"];
const MALFORMED_UNITS = ["80", "8060000100000001", "80c8", "80c8ffff", "c0", "c00000"];
const STUN_BINDING_REQUEST = "000100002112a442000102030405060708090a0b";

export const CASES: readonly Case[] = [
  {
    id: "unit/datagram",
    requirements: ["ARC-UNIT-datagram", "ARC-RELAY-forward"],
    title: "A relay passes on each datagram as one datagram: units are neither joined nor cut",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair("udp");
      const units = [20, 1232, 16, 700].map((bytes, i) => fullUnit(i, { bytes: bytes }));
      for (const unit of units) await caller.send(unit);
      for (const unit of units) await callee.nextBytes(unit);
    },
  },
  {
    id: "unit/media-size-relayed",
    requirements: ["ARC-UNIT-media-size"],
    title: "A media unit of 1232 bytes passes over TCP as over UDP",
    needs: "relay",
    run: async (world) => {
      const caller = await world.bound("caller", world.callerId, "tcp");
      const callee = await world.bound("callee", world.calleeId, "udp");
      await caller.send(fullUnit(1, { bytes: 1232 }));
      await callee.nextBytes(fullUnit(1, { bytes: 1232 }));
    },
  },
  vectorCase("unit/media-size", "ARC-UNIT-media-size", "rtp.parse", "A packet of 1232 bytes is read"),
  {
    id: "unit/sealed-size-sent",
    requirements: ["ARC-UNIT-sealed-size"],
    title: "Sealing gives a unit of at most 1232 bytes, or refuses",
    needs: "ops",
    checks: () =>
      [0, 1100, 1180, 1206, 1210, 1400, 60_000].map((pad) => ({
        name: `pad of ${pad}`,
        request: {
          op: "seal.protect",
          master_key: "11".repeat(32),
          peer_id: "33333333-3333-4333-8333-333333333333",
          counter: 1,
          json: `{"type":"X","pad":"${"a".repeat(pad)}"}`,
        },
        ...(pad < 1100 ? answersWith("a sealed unit", fits) : pad >= 1400 ? refuses() : fitsOrRefuses()),
      })),
  },
  vectorCase("unit/sealed-size", "ARC-UNIT-sealed-size", "seal.protect", "1232 bytes can be sealed, 1233 cannot"),
  {
    id: "unit/unknown-dropped",
    requirements: ["ARC-UNIT-unknown-dropped"],
    title: "A relay does not answer a unit of no class, and works on as before",
    needs: "relay",
    run: async (world) => {
      const stranger = await world.stranger("stranger", "udp");
      for (const hex of UNKNOWN_UNITS) await stranger.send(bytesOf(hex));
      await world.fence(stranger);
    },
  },
  {
    id: "unit/unknown-dropped-served",
    requirements: ["ARC-UNIT-unknown-dropped", "ARC-TRANSPORT-server-udp-heartbeat"],
    title: "A server's UDP port does not answer a unit of no class",
    needs: "server",
    run: async (world) => {
      const stranger = await world.udp("stranger");
      for (const hex of UNKNOWN_UNITS) await stranger.send(bytesOf(hex));
      await world.nilHeartbeat(stranger, 3);
    },
  },
  {
    id: "unit/malformed-dropped",
    requirements: ["ARC-UNIT-malformed-dropped"],
    title: "A malformed media unit from a stranger earns no answer",
    needs: "relay",
    run: async (world) => {
      const stranger = await world.stranger("stranger", "udp");
      for (const hex of MALFORMED_UNITS) await stranger.send(bytesOf(hex));
      await world.fence(stranger);
    },
  },
  {
    id: "unit/malformed-changes-nothing",
    requirements: ["ARC-UNIT-malformed-dropped"],
    title: "Malformed media between good packets does not end or move a binding",
    needs: "relay",
    run: async (world) => {
      const { caller, callee } = await world.pair("udp");
      const stranger = await world.stranger("stranger", "udp");
      for (const hex of MALFORMED_UNITS) await stranger.send(bytesOf(hex));
      await world.fence(stranger);
      await caller.send(fullUnit(5, { bytes: 100 }));
      await callee.nextBytes(fullUnit(5, { bytes: 100 }));
    },
  },
  {
    id: "unit/malformed-counted",
    requirements: ["ARC-UNIT-malformed-dropped", "ARC-METRICS-drop-counters"],
    title: "Each malformed packet is counted by its reason",
    needs: "ops",
    checks: () => [{
      name: "counters before",
      request: { op: "stats" },
      ...answersWith("counters by reason", () => undefined),
      then: (before) => [{
        name: "a packet of one byte",
        request: { op: "rtp.parse", hex: "80" },
        ...refuses("truncated"),
      }, {
        name: "counters after",
        request: { op: "stats" },
        ...answersWith("one more truncated", ({ truncated }) => {
          const due = Number(before.truncated ?? 0) + 1;
          return truncated === due ? undefined : `truncated is ${truncated}, not ${due}`;
        }),
      }],
    }],
  },
  {
    id: "unit/stun-ignored",
    requirements: ["ARC-UNIT-stun-ignored"],
    title: "A relay does not answer a STUN binding request",
    needs: "relay",
    run: (world) => isIgnored(world, STUN_BINDING_REQUEST),
  },
  {
    id: "unit/stun-ignored-served",
    requirements: ["ARC-UNIT-stun-ignored"],
    title: "A server's UDP port does not answer a STUN binding request",
    needs: "server",
    run: async (world) => {
      const stranger = await world.udp("stranger");
      await stranger.send(bytesOf(STUN_BINDING_REQUEST));
      await world.nilHeartbeat(stranger, 3);
    },
  },
  vectorCase(
    "unit/frame-close-read",
    "ARC-UNIT-frame-close",
    "frame.read",
    "Nothing is read from a stream behind a malformed frame",
  ),
  {
    id: "unit/frame-close",
    requirements: ["ARC-UNIT-frame-close"],
    title: "A server closes a stream with a frame of no bytes, and takes nothing that follows",
    needs: "server",
    run: async (world) => {
      const line = await world.stream("caller", { raw: true });
      await line.send(bytesOf("0000"));
      await line.closedByTarget();
    },
  },
  {
    id: "unit/frame-close-relay",
    requirements: ["ARC-UNIT-frame-close"],
    title: "A relay closes a stream with a frame of no bytes",
    needs: "relay",
    run: async (world) => {
      const line = await world.stranger("stranger", "tcp", { raw: true });
      await line.send(bytesOf("0000"));
      await line.closedByTarget();
    },
  },
  {
    id: "unit/frame-close-peer",
    requirements: ["ARC-UNIT-frame-close"],
    title: "A peer closes its signaling stream with a frame of no bytes",
    needs: "peer",
    run: async (world) => {
      const line = await world.start("caller", { raw: true });
      await line.nextMessage("CONNECT");
      await line.send(bytesOf("0000"));
      await line.closedByTarget();
    },
  },
  {
    id: "unit/separate-ports",
    requirements: ["ARC-UNIT-separate-ports"],
    title: "A plain TCP listener does not begin TLS with whoever sends a ClientHello",
    needs: "server",
    run: async (world) => {
      if (world.target.streamTls) world.skip("needs --target tcp://HOST:PORT");
      const line = await world.stream("client", { raw: true });
      // The head of a TLS 1.3 record reads as a frame of 0x1603 bytes: the rest of the frame never comes.
      await line.send(bytesOf(TLS_CLIENT_HELLO_HEAD));
      await line.silence();
    },
  },
];

const TLS_CLIENT_HELLO_HEAD = "1603010200010001fc0303";

async function isIgnored(world: RelayWorld, hex: string): Promise<void> {
  const stranger = await world.stranger("stranger", "udp");
  await stranger.send(bytesOf(hex));
  await world.fence(stranger);
}

function bytesOf(hex: string): Uint8Array {
  return unwrap(parseHex(hex));
}

function fits({ hex }: { readonly [name: string]: unknown }): string | undefined {
  return typeof hex === "string" && hex.length / 2 <= 1232 ? undefined : `the unit has ${String(hex).length / 2} bytes`;
}

/** Around the bound the sealed form decides; the exact place is a vector's. */
function fitsOrRefuses() {
  const sealed = answersWith("a sealed unit of at most 1232 bytes, or a fault", fits);
  return {
    ...sealed,
    judge: (answer: Parameters<typeof sealed.judge>[0]) => answer.kind === "fault" ? undefined : sealed.judge(answer),
  };
}
