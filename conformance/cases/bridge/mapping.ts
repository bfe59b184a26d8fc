/** SPEC clause 11.1: payload types and header extension ids, as SDP assigns them on each side. */
import type { Case, Check } from "../../case.ts";
import { refuses } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import {
  becomes,
  becomesOne,
  elementsOf,
  hexOf,
  MAP,
  oneByte,
  packet,
  SSRC,
  toArc,
  toRtp,
  twoByte,
} from "./packets.ts";
import { CHROME_OFFER, FIREFOX_OFFER } from "./sdp_texts.ts";

const RULE = "ARC-BRIDGE-mapping";
const BLOCK = "00000000";

export const CASES: readonly Case[] = [
  {
    id: "bridge/mapping-payload-types",
    requirements: [RULE],
    title: "Each payload type is the other side's, with the marker and without",
    needs: "ops",
    checks: () =>
      [false, true].flatMap((marker) =>
        MAP.payload_types.flatMap(({ rtp, arcrtp, codec }) => [
          becomesOne(
            `${codec} to ArcRTP, marker ${marker}`,
            toArc(packet({ payloadType: rtp, marker })),
            `payload type ${arcrtp}`,
            (read) => typeDiffers(read, arcrtp, marker),
          ),
          becomesOne(
            `${codec} to RTP, marker ${marker}`,
            toRtp(packet({ payloadType: arcrtp, marker, block: BLOCK })),
            `payload type ${rtp}`,
            (read) => typeDiffers(read, rtp, marker),
          ),
        ])
      ),
  },
  {
    id: "bridge/mapping-several-types",
    requirements: [RULE],
    title: "Two payload types of one side may be one of the other",
    needs: "ops",
    checks: () => {
      const map = {
        payload_types: [{ rtp: 98, arcrtp: 45, codec: "vp9" }, { rtp: 98, arcrtp: 46, codec: "vp9" }],
      };
      return [
        becomes(
          "to ArcRTP, the first",
          toArc(packet({ payloadType: 98, payload: "80" }), map),
          packet({ payloadType: 45, block: "20000000", payload: "80" }),
        ),
        ...[45, 46].map((payloadType) =>
          becomes(
            `${payloadType} to RTP`,
            toRtp(packet({ payloadType, block: BLOCK }), map),
            packet({ payloadType: 98 }),
          )
        ),
      ];
    },
  },
  {
    id: "bridge/mapping-no-type",
    requirements: [RULE],
    title: "A packet whose payload type the other side does not have does not go on",
    needs: "ops",
    checks: () => [
      ...[0, 96, 97, 110, 127].map((payloadType): Check => ({
        name: `${payloadType} to ArcRTP`,
        request: toArc(packet({ payloadType, payload: "01" })),
        ...refuses(),
      })),
      ...[0, 98, 111, 127].map((payloadType): Check => ({
        name: `${payloadType} to RTP`,
        request: toRtp(packet({ payloadType, block: BLOCK, payload: "01" })),
        ...refuses(),
      })),
    ],
  },
  {
    id: "bridge/mapping-elements",
    requirements: [RULE],
    title: "Elements keep their order and values and get the other side's ids",
    needs: "ops",
    checks: () => [
      withElements("both", oneByte("2:aabbcc", "3:1234"), "1:aabbcc 2:1234"),
      withElements("the other way round", oneByte("3:1234", "2:aabbcc"), "2:1234 1:aabbcc"),
      withElements("padding between", `bede0003${"0022aabb"}${"cc000031"}${"ffff0000"}`, "1:aabbcc 2:ffff"),
      withElements("values of 1 and 16 bytes", oneByte("2:01", `3:${"ab".repeat(16)}`), `1:01 2:${"ab".repeat(16)}`),
    ],
  },
  {
    id: "bridge/mapping-no-element",
    requirements: [RULE],
    title: "Elements whose id the other side does not have are left out, alone or with the whole extension",
    needs: "ops",
    checks: () => [
      withElements("one between others", oneByte("1:2f", "2:aabbcc", "4:30", "3:1234"), "1:aabbcc 2:1234"),
      withElements("ids of the other side", oneByte("1:aabbcc"), "-"),
      withElements("all of them", oneByte("4:30", "5:010203"), "-"),
      withElements("another profile", "c0de000101020304", "-"),
      withElements("an empty extension", "bede0000", "-"),
      withElements("nothing mapped at all", oneByte("2:aabbcc"), "-", { extensions: [] }),
      fromArc("to RTP", oneByte("1:aabbcc", "5:00", "2:1234"), "2:aabbcc 3:1234"),
      fromArc("to RTP, none left", oneByte("5:00"), "-"),
      fromArc("to RTP, of a form that ArcRTC does not read", twoByte("1:aabbcc"), "-"),
    ],
  },
  {
    id: "bridge/mapping-bad-elements",
    requirements: [RULE],
    title: "What stands in front of an element that runs past the end passes, the packet is valid",
    needs: "ops",
    checks: () => [
      withElements("one-byte form", `bede0002${"22aabbcc"}${"35000000"}`, "1:aabbcc"),
      withElements("two-byte form", `10000002${"0203aabb"}${"cc03ff00"}`, "1:aabbcc"),
      withElements("a length is missing", `10000002${"0203aabb"}${"cc000003"}`, "1:aabbcc"),
    ],
  },
  {
    id: "bridge/mapping-two-byte",
    requirements: [RULE],
    title:
      "Ids beyond 14, and the two-byte form with small ones, become ArcRTP's one-byte form; ids beyond 14 come back",
    needs: "ops",
    checks: () => {
      const map = { extensions: [{ rtp: 20, arcrtp: 1 }, { rtp: 255, arcrtp: 2 }] };
      return [
        withElements("ids 20 and 255", twoByte("20:aabbcc", "255:1234"), "1:aabbcc 2:1234", map),
        withElements("small ids", twoByte("2:aabbcc", "3:1234"), "1:aabbcc 2:1234"),
        withElements("with application bits", twoByte("3:1234").replace(/^1000/, "100f"), "2:1234"),
        withElements("id 15 is no end there", twoByte("15:00", "3:1234"), "2:1234"),
        fromArc("back to 20 and 255", oneByte("1:aabbcc", "2:1234"), "20:aabbcc 255:1234", map),
      ];
    },
  },
  {
    id: "bridge/mapping-directions",
    requirements: [RULE],
    title: "An extension with a direction passes in that direction only",
    needs: "ops",
    checks: () => {
      const extensions = [{ rtp: 2, arcrtp: 1, from: "rtp" }, { rtp: 3, arcrtp: 2, from: "arcrtp" }];
      return [
        withElements("to ArcRTP", oneByte("2:aabbcc", "3:1234"), "1:aabbcc", { extensions }),
        fromArc("to RTP", oneByte("1:aabbcc", "2:1234"), "3:1234", { extensions }),
      ];
    },
  },
  {
    id: "bridge/mapping-of-sdp",
    requirements: [RULE],
    title: "SDP and STREAM_STARTs together give the numbers by which packets pass",
    needs: "ops",
    checks: () => [
      ofSdp("Chromium's numbers", CHROME_OFFER, 98, { send: 2, transport: 3 }),
      ofSdp("Firefox's numbers", FIREFOX_OFFER, 121, { send: 4, transport: 7 }),
      ofSdp("ids of two bytes", CHROME_OFFER.replaceAll("a=extmap:2 ", "a=extmap:21 "), 98, {
        send: 21,
        transport: 3,
      }),
      ofSdp("a direction", FIREFOX_OFFER.replaceAll("a=extmap:4 ", "a=extmap:4/sendonly "), 121, {
        send: 4,
        transport: 7,
      }),
      ofSdp("the other direction", FIREFOX_OFFER.replaceAll("a=extmap:4 ", "a=extmap:4/recvonly "), 121, {
        transport: 7,
      }),
    ],
  },
];

function typeDiffers(read: { payloadType: number; marker: boolean }, due: number, marker: boolean) {
  return read.payloadType === due && read.marker === marker
    ? undefined
    : `payload type ${read.payloadType}, marker ${read.marker}`;
}

/** From RTP with this extension; the ArcRTP packet has these elements. */
function withElements(name: string, extension: string, due: string, map: Json = {}): Check {
  return becomesOne(
    name,
    toArc(packet({ payloadType: 111, extension, payload: "0102" }), { ...MAP, ...map }),
    `elements ${due} in the one-byte form`,
    (read) => {
      const got = elementsOf(read);
      if (read.extension !== null && read.extension.profile !== 0xbede) return `the profile is not 0xBEDE`;
      return got === due && hexEnds(read.payload) ? undefined : `elements ${got}`;
    },
  );
}

function fromArc(name: string, extension: string, due: string, map: Json = {}): Check {
  return becomesOne(
    name,
    toRtp(packet({ payloadType: 96, extension, block: BLOCK, payload: "0102" }), { ...MAP, ...map }),
    `elements ${due}`,
    (read) => elementsOf(read) === due && hexEnds(read.payload) ? undefined : `elements ${elementsOf(read)}`,
  );
}

/** The payload behind the extension is where it was. */
function hexEnds(payload: Uint8Array): boolean {
  return payload.length === 2 && payload[0] === 1 && payload[1] === 2;
}

/** `sdp` offers VP9 under `payloadType`, abs-send-time as `send` where it passes, transport-wide numbers as `transport`. */
function ofSdp(
  name: string,
  sdp: string,
  payloadType: number,
  ids: { readonly send?: number; readonly transport: number },
): Check {
  return {
    name,
    request: { op: "bridge.sdp_to_connect", sdp },
    expected: "STREAM_STARTs",
    judge: (answer) => answer.kind === "ok" ? undefined : `the answer is ${answer.kind}`,
    then: ({ streams }) => [{
      name: `${name}, the map`,
      request: {
        op: "bridge.map",
        sdp,
        streams: (Array.isArray(streams) ? streams : []).map((message) => ({ message, from: "rtp" })),
      },
      expected: "a map",
      judge: (answer) => answer.kind === "ok" ? undefined : `the answer is ${answer.kind}`,
      then: ({ map }) => {
        const { ssrcs: _all, ...rest } = map as Json;
        // An id that an offer does not give to any of the two.
        const foreign = `9:${hexOf(1, 1)}`;
        const send = ids.send === undefined ? [] : [`${ids.send}:aabbcc`];
        const extension = (Math.max(ids.send ?? 0, ids.transport) > 14 ? twoByte : oneByte)(
          ...send,
          foreign,
          ...(ids.send === undefined ? ["4:aabbcc"] : []),
          `${ids.transport}:1234`,
        );
        const due = `${send.length === 0 ? "" : "1:aabbcc "}2:1234`;
        return [becomesOne(
          `${name}, a packet`,
          toArc(packet({ payloadType, extension, ssrc: SSRC }), rest),
          `elements ${due}`,
          (read) => elementsOf(read) === due ? undefined : `elements ${elementsOf(read)}`,
        )];
      },
    }],
  };
}
