/** SPEC clause 10.3: repair packets, and packets out of repairs. */
import { below, type Rng } from "../../../lib/base/rng.ts";
import type { Case, Check } from "../../case.ts";
import { answers, answersWith } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";

export const CASES: readonly Case[] = [
  {
    id: "fec/format",
    requirements: ["ARC-LOSS-fec-format", "ARC-LOSS-fec-source", "ARC-LOSS-fec-csrc"],
    title: "The repair of one packet is its fields in the flexible mask form of RFC 8627",
    needs: "ops",
    checks: () => [{
      // CC=1 M=1, PT 115, own SSRC, the protected SSRC as CSRC, PR 3; then R=0 F=0, PT, length, timestamp, base, mask.
      name: "packet 7 of SSRC 3",
      request: encode([packet(7, "aabb")], { redundancy: 1 }),
      ...answers({
        packets: [
          "817300000000000500000004" + "00000003" + "30000000" + "0066000600000005" + "00074000" + "10000000aabb",
        ],
      }),
    }],
  },
  {
    id: "fec/format-priority",
    requirements: ["ARC-LOSS-fec-format", "ARC-LOSS-fec-csrc"],
    title: "Each repair packet has PR 3, an SSRC of its own and the protected SSRC as its CSRC",
    needs: "ops",
    checks: ({ rng }) => [{
      name: "repairs of ten packets",
      request: encode(frame(rng, 10), { redundancy: 0.5, ssrc: 99 }),
      ...answersWith("SSRC 99, CSRC 3, PR 3", ({ packets }) => {
        const odd = texts(packets).find((hex) =>
          hex.slice(16, 24) !== "00000063" || hex.slice(24, 32) !== "00000003" || hex[32] !== "3"
        );
        if (texts(packets).length < 5) return `there are ${texts(packets).length} repairs`;
        return odd === undefined ? undefined : `a repair begins with ${odd.slice(0, 40)}`;
      }),
    }],
  },
  {
    id: "fec/key-frames",
    requirements: ["ARC-LOSS-fec-key-frames"],
    title: "The default redundancy is 20 %, rounded up",
    needs: "ops",
    checks: ({ rng }) =>
      [[1, 1], [5, 1], [6, 2], [10, 2], [11, 3], [50, 10]].map(([sources, repairs]) => ({
        name: `${sources} packets`,
        request: encode(frame(rng, sources)),
        ...answersWith(`${repairs} repairs`, ({ packets }) =>
          texts(packets).length === repairs ? undefined : `there are ${texts(packets).length}`),
      })),
  },
  {
    id: "fec/source",
    requirements: ["ARC-LOSS-fec-source"],
    title: "A packet with extension, loss byte, padding and key phase comes back whole, with K 0",
    needs: "ops",
    checks: () => {
      // P and X set; extension; PR 1 and the key phase, both flags, 100 kbps, 2 %; two bytes and three of padding.
      const sent = (phase: number) =>
        `b06600090000000500000003bede000110aa0000${(0x10 | phase << 2).toString(16)}03006414` + "0102000003";
      const others = [packet(8, "01"), packet(10, "0203")];
      const all = [others[0], sent(2), others[1]];
      return [encodeAndLose("packet 9 of three", all, [1], 1, [sent(0)])];
    },
  },
  {
    id: "fec/each-lost",
    requirements: ["ARC-LOSS-fec-format", "ARC-LOSS-fec-source"],
    title: "Whichever packet of a frame is lost, it comes back from the others",
    needs: "ops",
    checks: ({ rng }) => {
      const packets = frame(rng, 9);
      return packets.map((lost, i) => encodeAndLose(`packet ${i}`, packets, [i], 0.2, [lost]));
    },
  },
  {
    id: "fec/long-frames",
    requirements: ["ARC-LOSS-fec-format"],
    title: "In frames that need each form of the mask any one packet comes back",
    needs: "ops",
    checks: ({ rng }) =>
      [14, 15, 16, 45, 46, 47, 100].flatMap((size) => {
        const packets = frame(rng, size);
        return [0, below(rng, size), size - 1].map((i, turn) =>
          encodeAndLose(`${size} packets, ${turn}: ${i}`, packets, [i], 0.02, [packets[i]])
        );
      }),
  },
  {
    id: "fec/burst",
    requirements: ["ARC-LOSS-fec-format"],
    title: "A burst of as many packets as there are repairs comes back",
    needs: "ops",
    checks: ({ rng }) => {
      const packets = frame(rng, 10);
      return [0, 4, 7].map((at) =>
        encodeAndLose(`from ${at} on`, packets, [at, at + 1, at + 2], 0.3, packets.slice(at, at + 3))
      );
    },
  },
  {
    id: "fec/nothing-lost",
    requirements: ["ARC-LOSS-fec-format"],
    title: "Where nothing is lost nothing is recovered, and what is recovered comes once",
    needs: "ops",
    checks: ({ rng }) => {
      const packets = frame(rng, 6);
      return [
        encodeAndLose("nothing lost", packets, [], 1, []),
        encodeAndLose("one lost, a repair for each", packets, [2], 1, [packets[2]]),
      ];
    },
  },
  {
    id: "fec/recovered-once",
    requirements: ["ARC-LOSS-fec-format"],
    title: "A packet that two repairs protect is recovered once",
    needs: "ops",
    checks: ({ rng }) => {
      const packets = frame(rng, 6);
      const [lost, ...media] = packets;
      return [{
        name: "a repair for each packet",
        request: encode(packets, { redundancy: 1 }),
        ...answersWith("repairs", () => undefined),
        then: ({ packets: each }) => [{
          name: "a repair for all of them",
          request: encode(packets, { redundancy: 0.1, sequence_number: packets.length }),
          ...answersWith("a repair", () => undefined),
          then: ({ packets: whole }) => [{
            name: "the first one is lost",
            request: { op: "fec.recover", media, fec: [...texts(each), ...texts(whole)] },
            ...answers({ recovered: [lost] }),
          }],
        }],
      }];
    },
  },
  {
    id: "fec/recovered-is-plain",
    requirements: ["ARC-LOSS-fec-recovered", "ARC-LOSS-fec-source"],
    title: "What is recovered from unprotected packets is a plain packet, and would not open as a protected one",
    needs: "ops",
    checks: ({ rng }) => {
      const packets = frame(rng, 3);
      return [protectAll(packets, (sealed) => [{
        name: "the first and the last arrive",
        request: { op: "srtp.receive", ...KEYS, packets: [sealed[0], sealed[2]] },
        ...answers({ results: [{ hex: packets[0] }, { hex: packets[2] }] }),
        then: ({ results }) => [repaired(packets, (results as readonly Json[]).map(({ hex }) => String(hex)))],
      }])];
    },
  },
];

/** Keys of SSRC 3, whose packets begin right before a wrap: the ROC of the second one is 1. */
const KEYS = {
  suite: "aes-128-gcm",
  authentication: "hmac-sha256-80",
  keys: { encryption_key: "11".repeat(16), auth_key: "22".repeat(32), salt: "33".repeat(12) },
};

/** Protects packets one after another, and goes on with all of them. */
function protectAll(packets: readonly string[], then: (sealed: readonly string[]) => readonly Check[]): Check {
  const from = (sealed: readonly string[]): Check => ({
    name: `protect packet ${sealed.length}`,
    request: { op: "srtp.protect", ...KEYS, roc: sealed.length === 0 ? 0 : 1, hex: packets[sealed.length] },
    ...answersWith("a packet", () => undefined),
    then: ({ hex }) => {
      const all = [...sealed, String(hex)];
      return all.length === packets.length ? then(all) : [from(all)];
    },
  });
  return from([]);
}

/** The second of three packets comes back from the two that were opened, and is none to be opened. */
function repaired(packets: readonly string[], opened: readonly string[]): Check {
  return {
    name: "the repair of all three",
    request: encode(packets),
    ...answersWith("repairs", () => undefined),
    then: ({ packets: fec }) => [{
      name: "the second one, recovered",
      request: { op: "fec.recover", media: opened, fec },
      ...answers({ recovered: [packets[1]] }),
      then: ({ recovered }) => [{
        name: "and taken for a protected one",
        request: { op: "srtp.receive", ...KEYS, start_roc: 1, packets: recovered },
        ...answersWith("a fault", ({ results }) => {
          const [one] = results as readonly Json[];
          return "fault" in one ? undefined : `it opens as ${one.hex}`;
        }),
      }],
    }],
  };
}

/** A full packet of SSRC 3 with K 0, the form in which FEC gives packets back. */
function packet(seq: number, payload: string): string {
  return `8066${(seq & 0xffff).toString(16).padStart(4, "0")}000000050000000310000000${payload}`;
}

/** Packets across the end of the sequence numbers, with payloads of 1 to 40 bytes. */
function frame(rng: Rng, size: number): readonly string[] {
  const first = 65_536 - (size >> 1);
  return Array.from({ length: size }, (_, i) => {
    const bytes = Array.from({ length: 1 + below(rng, 40) }, () => below(rng, 256).toString(16).padStart(2, "0"));
    return packet(first + i, bytes.join(""));
  });
}

function encode(packets: readonly string[], more = {}) {
  return { op: "fec.encode", packets, ...more };
}

function encodeAndLose(
  name: string,
  packets: readonly string[],
  lost: readonly number[],
  redundancy: number,
  due: readonly string[],
): Check {
  return {
    name: `${name}: repairs`,
    request: encode(packets, { redundancy }),
    ...answersWith("repairs", () => undefined),
    then: ({ packets: fec }) => [{
      name: `${name}: recovered`,
      request: { op: "fec.recover", media: packets.filter((_, i) => !lost.includes(i)), fec },
      ...answersWith(`${due.length} packets, each as it was`, ({ recovered }) => {
        const got = texts(recovered).toSorted();
        return got.join() === due.toSorted().join() ? undefined : `recovered are ${got.length}: ${got}`;
      }),
    }],
  };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
