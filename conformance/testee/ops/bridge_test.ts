import assert from "node:assert/strict";
import { EXAMPLES } from "../../../lib/signaling/examples.ts";
import { CHROME_OFFER, CHROME_SSRCS } from "../../cases/bridge/sdp_texts.ts";
import { ask, freshTestee } from "../testing.ts";

type Answer = Record<string, unknown>;

function answer(request: { readonly op: string; readonly [field: string]: unknown }): Answer {
  return ask(freshTestee(), request) as Answer;
}

function okOf(request: { readonly op: string; readonly [field: string]: unknown }): Answer {
  const { ok, ...rest } = answer(request);
  assert.deepEqual(rest, {});
  return ok as Answer;
}

Deno.test("ARC-BRIDGE-mapping: from SDP over messages and map to a packet, all by ops", () => {
  const { streams } = okOf({ op: "bridge.sdp_to_connect", sdp: CHROME_OFFER });
  const passing = (streams as readonly unknown[]).map((message) => ({ message, from: "rtp", sequence_offset: 1 }));
  const { map } = okOf({ op: "bridge.map", sdp: CHROME_OFFER, streams: passing });
  const opus = "806f0001" + "00000064" + CHROME_SSRCS.audio.toString(16).padStart(8, "0") + "f8ff";
  const { hex, lost } = okOf({ op: "bridge.rtp_to_arcrtp", hex: opus, map });
  assert.deepEqual([hex, lost], [`806f0002${opus.slice(8, 24)}00000000f8ff`, []]);
  const back = { ...(map as Answer), ssrcs: [] };
  assert.deepEqual(okOf({ op: "bridge.arcrtp_to_rtp", hex, map: back }), {
    hex: opus.replace("806f0001", "806f0002"),
    lost: ["quality", "priority", "key_phase"],
  });
});

Deno.test("ARC-BRIDGE-sdp: own ids and time stand in the messages, and the same seed gives the same streams", () => {
  const own = {
    session_id: EXAMPLES.CONNECT.full.session_id,
    peer_id: EXAMPLES.CONNECT_ACK.full.peer_id,
    timestamp: 99,
  };
  const sdp = CHROME_OFFER.replaceAll(/^a=ssrc.*\r\n/gm, "");
  const request = { op: "bridge.sdp_to_connect", sdp, own, seed: 5 };
  const { message, streams } = okOf(request);
  const { session_id, peer_id, timestamp } = message as Answer;
  assert.deepEqual({ session_id, peer_id, timestamp }, own);
  assert.deepEqual(okOf(request).streams, streams);
  assert.notDeepEqual(okOf({ ...request, seed: 6 }).streams, streams);
});

Deno.test("a packet that does not go on is a fault, alone and in a list, and both are counted", () => {
  const testee = freshTestee();
  const map = { payload_types: [{ rtp: 0, arcrtp: 96, codec: "pcmu", kind: "audio" }] };
  const packets = ["800000010000000000000001", "80", "800100010000000000000001"];
  const list = ask(testee, { op: "bridge.rtp_to_arcrtp", packets, map }) as { ok: { results: readonly Answer[] } };
  assert.deepEqual(list.ok.results, [
    { hex: "80600001000000000000000100000000", lost: [] },
    { fault: { reason: "truncated", offset: 1, need: 12 } },
    { fault: { reason: "bad_value", offset: 1 } },
  ]);
  assert.deepEqual(ask(testee, { op: "bridge.rtp_to_arcrtp", hex: packets[1], map }), {
    fault: { reason: "truncated", offset: 1, need: 12 },
  });
  assert.deepEqual(ask(testee, { op: "stats" }), { ok: { truncated: 2, bad_value: 1 } });
});

Deno.test("what is wrong with a request is named by its field", () => {
  const errors: readonly (readonly [Answer & { op: string }, RegExp])[] = [
    [{ op: "bridge.rtp_to_arcrtp", hex: "" }, /^\$\.map must be an object/],
    [
      { op: "bridge.rtp_to_arcrtp", hex: "", map: { payload_types: [{ rtp: 1, arcrtp: 70, codec: "opus" }] } },
      /arcrtp/,
    ],
    [{ op: "bridge.rtcp", hex: "80c9000100000001", from: "left", map: {} }, /^\$\.from must be one of rtp, arcrtp/],
    [{ op: "bridge.connect_to_sdp", message: EXAMPLES.STREAM_STOP.full }, /must be a CONNECT or a CONNECT_ACK/],
    [{ op: "bridge.connect_to_sdp", message: EXAMPLES.CONNECT_ACK.full }, /^\$\.offer must be a string/],
    [{ op: "bridge.connect_to_sdp", message: EXAMPLES.CONNECT.full, streams: [EXAMPLES.CONNECT.full] }, /STREAM_START/],
    [
      { op: "bridge.map", sdp: CHROME_OFFER, streams: [{ from: "rtp", message: EXAMPLES.CONNECT.full }] },
      /STREAM_START/,
    ],
    [{
      op: "bridge.rtcp",
      hex: "80c9000100000001",
      from: "rtp",
      map: { ssrcs: [{ rtp: 1, arcrtp: 1, from: "rtp" }, { rtp: 1, arcrtp: 2, from: "rtp" }] },
    }, /each SSRC of rtp once/],
  ];
  for (const [request, expected] of errors) assert.match(String(answer(request).error), expected);
});

Deno.test("a message or an SDP in a request that is bad is a fault with its path", () => {
  const connect = { ...EXAMPLES.CONNECT.full, version: "7.0" };
  assert.deepEqual(answer({ op: "bridge.connect_to_sdp", message: connect }), {
    fault: { reason: "bad_version", path: "$.version" },
  });
  const request = { op: "bridge.connect_to_sdp", message: EXAMPLES.CONNECT_ACK.full, offer: "v=0\r\n" };
  assert.deepEqual(answer(request), { fault: { reason: "missing_field", path: "$.offer" } });
});
