import assert from "node:assert/strict";
import { EXAMPLE_CALLEE, EXAMPLE_CALLER, EXAMPLE_SESSION, EXAMPLES } from "../../signaling/examples.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { hex } from "../testing/packets.ts";
import { Scene, sealedText } from "../testing/scene.ts";
import { CallLadder } from "./call_ladder.ts";

const START = { ...EXAMPLES.STREAM_START.minimal, session_id: EXAMPLE_SESSION, ssrc: 7 };
const MEDIA = hex("806f0001000000020000000700000000");

/** Conversations 1 and 2: caller and callee with their server; 3: between the two. */
function ladderOf(fill: (scene: Scene, take: (unit: UnitModel) => void) => void) {
  const scene = new Scene();
  const ladder = new CallLadder();
  fill(scene, (unit) => ladder.handle(unit));
  return { ladder, calls: ladder.calls(scene.modeller.registry) };
}

const caller = { transport: "ws", conversation: 1, direction: 0 } as const;
const toCaller = { ...caller, direction: 1 } as const;
const callee = { transport: "ws", conversation: 2, direction: 0 } as const;
const toCallee = { ...callee, direction: 1 } as const;

Deno.test("calls: a session's steps in order, repetitions in one, media joined by its SSRC", () => {
  const { calls } = ladderOf((scene, take) => {
    take(scene.say(EXAMPLES.CONNECT.minimal, { ...caller, ms: 1000 }));
    take(scene.say(EXAMPLES.CONNECT.minimal, { ...toCallee, ms: 1001 }));
    take(scene.say(EXAMPLES.CONNECT_ACK.full, { ...callee, ms: 1002 }));
    take(scene.say(EXAMPLES.CONNECT_ACK.full, { ...toCaller, ms: 1003 }));
    take(scene.say(START, { ...caller, ms: 1004 }));
    for (let i = 0; i < 3; i++) {
      const heartbeat = {
        ...EXAMPLES.HEARTBEAT.full,
        session_id: EXAMPLE_SESSION,
        peer_id: EXAMPLE_CALLER,
        sequence: i,
      };
      take(scene.unit(sealedText(heartbeat), { conversation: 3, ms: 2000 + i }));
    }
    take(scene.unit(MEDIA, { conversation: 3, ms: 2010 }));
    take(scene.unit(MEDIA.with(3, 2), { conversation: 3, ms: 2030 }));
    take(scene.unit(MEDIA.with(11, 8), { conversation: 4, ms: 2030 }));
  });
  const [call, ...others] = calls;
  assert.equal(others.length, 0);
  assert.deepEqual([call.sessionId, call.session?.caller, call.session?.callee], [
    EXAMPLE_SESSION,
    EXAMPLE_CALLER,
    EXAMPLE_CALLEE,
  ]);
  assert.deepEqual(call.steps.map((step) => [step.packet, step.what, step.about, step.kind, step.count]), [
    [1, "CONNECT", "", "message", 1],
    [2, "CONNECT", "", "message", 1],
    [3, "CONNECT_ACK", "aes-128-gcm", "message", 1],
    [4, "CONNECT_ACK", "aes-128-gcm", "message", 1],
    [5, "STREAM_START", "stream 123e4567 audio", "message", 1],
    [6, "HEARTBEAT", "", "message", 3],
    [9, "audio", "ssrc 00000007", "media", 1],
  ]);
  assert.deepEqual(call.media.map((stats) => [stats.ssrc, stats.packets]), [[7, 2]]);
  const beats = call.steps[5];
  assert.deepEqual([beats.lastPacket, Math.round((beats.lastS - beats.timeS) * 1000)], [8, 2]);
});

Deno.test("calls: an address that speaks for one peer is that peer's, on every path", () => {
  const { calls } = ladderOf((scene, take) => {
    take(scene.say(EXAMPLES.CONNECT.minimal, caller));
    take(scene.say(EXAMPLES.CONNECT.minimal, toCallee));
    take(scene.say(EXAMPLES.CONNECT_ACK.full, callee));
    take(
      scene.unit(sealedText({ ...EXAMPLES.HEARTBEAT.full, session_id: EXAMPLE_SESSION, peer_id: EXAMPLE_CALLEE }), {
        conversation: 3,
        direction: 1,
      }),
    );
  });
  const endpoints = Object.fromEntries(calls[0].endpoints);
  assert.equal(endpoints["10.0.1.1:5000"], EXAMPLE_CALLER);
  assert.equal(endpoints["10.0.2.1:5000"], EXAMPLE_CALLEE);
  assert.equal(endpoints["10.0.3.2:6000"], EXAMPLE_CALLEE);
});

Deno.test("calls: joins of a channel are steps, its replies and heartbeats of no session are not", () => {
  const { calls } = ladderOf((scene, take) => {
    const frame = (event: string, payload: string) => `["1","1","arcrtc:${EXAMPLE_SESSION}","${event}",${payload}]`;
    for (
      const [event, payload] of [["phx_join", `{"peer_id":"${EXAMPLE_CALLER}"}`], [
        "phx_reply",
        '{"status":"ok","response":{}}',
      ]]
    ) {
      const envelope = {
        kind: "phoenix",
        joinRef: "1",
        ref: "1",
        topic: `arcrtc:${EXAMPLE_SESSION}`,
        event,
        hasMessage: false,
      } as const;
      take(scene.unit(new TextEncoder().encode(frame(event, payload)), { transport: "ws", envelope }));
    }
    take(scene.say(EXAMPLES.HEARTBEAT.minimal, { conversation: 5 }));
    take(
      scene.say({ ...EXAMPLES.HEARTBEAT.minimal, session_id: "00000000-0000-0000-0000-000000000000" }, {
        conversation: 5,
      }),
    );
  });
  const steps = calls.flatMap((call) => call.steps.map((step) => step.what));
  assert.deepEqual(steps.filter((what) => what.startsWith("phx")), ["phx_join"]);
  assert.ok(calls.every((call) => call.sessionId !== "00000000-0000-0000-0000-000000000000"));
});

Deno.test("calls: a flood of sessions and steps is bounded and counted", () => {
  const { ladder, calls } = ladderOf((scene, take) => {
    for (let i = 0; i < 1500; i++) {
      const session_id = `11111111-1111-4111-8111-${String(i).padStart(12, "0")}`;
      take(scene.say({ ...EXAMPLES.DISCONNECT.minimal, session_id }));
    }
    for (let i = 0; i < 2200; i++) {
      const session_id = "11111111-1111-4111-8111-000000001499";
      take(scene.say({ ...EXAMPLES.DISCONNECT.minimal, session_id }, { conversation: 1 + i, transport: "ws" }));
    }
  });
  assert.deepEqual([calls.length, ladder.forgotten], [1024, 476]);
  const [busy] = calls.filter((call) => call.sessionId.endsWith("1499"));
  assert.deepEqual([busy.steps.length, busy.furtherSteps], [2000, 201]);
});
