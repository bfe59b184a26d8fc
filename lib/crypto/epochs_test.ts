import assert from "node:assert/strict";
import { EpochMachine, type EpochOutput, type EpochRequest, type RequestVerdict } from "./epochs.ts";
import type { EpochLimits, RotationReason } from "./rotation_triggers.ts";

const LOW = "11111111-2222-4333-8444-555555555555";
const HIGH = "99999999-8888-4777-a666-555555555555";
const DAY_MS = 24 * 3_600_000;
const T0 = 5000;

function low(limits: Partial<EpochLimits> = {}): EpochMachine {
  return new EpochMachine(LOW, HIGH, T0, limits);
}

function high(limits: Partial<EpochLimits> = {}): EpochMachine {
  return new EpochMachine(HIGH, LOW, T0, limits);
}

function outputs(machine: EpochMachine): EpochOutput[] {
  const all: EpochOutput[] = [];
  for (let output = machine.poll(); output; output = machine.poll()) all.push(output);
  return all;
}

/** Outputs as short lines: `ask rotate 1 manual`, `send 1`. */
function lines(machine: EpochMachine): string[] {
  return outputs(machine).map((output) => {
    switch (output.kind) {
      case "ask":
        return `ask ${output.request} ${output.epoch}${output.reason ? ` ${output.reason}` : ""}`;
      case "answer":
        return `answer ${output.request} ${output.epoch}`;
      case "abandon":
        return `abandon ${output.request} ${output.epoch} ${output.cause}`;
      case "refuse":
        return `refuse ${output.epoch} ${output.code}`;
      default:
        return `${output.kind} ${output.epoch}`;
    }
  });
}

/** Runs the machine's own timers up to `untilMs`, each at its time. */
function run(machine: EpochMachine, untilMs: number): void {
  for (let atMs = machine.nextTimeoutMs(); atMs !== undefined && atMs <= untilMs; atMs = machine.nextTimeoutMs()) {
    machine.handle({ kind: "timeout" }, Math.max(atMs, T0));
  }
}

/** The peer's message arrives as it is sent: its clock is ours, unless `timestampMs` says otherwise. */
function request(
  machine: EpochMachine,
  epoch: number,
  nowMs: number,
  kind: EpochRequest = "rotate",
  timestampMs = nowMs,
): string[] {
  machine.handle({ kind: "request", request: kind, epoch, timestampMs }, nowMs);
  return lines(machine);
}

function answer(machine: EpochMachine, epoch: number, nowMs: number, kind: EpochRequest = "rotate"): string[] {
  machine.handle({ kind: "answer", request: kind, epoch, timestampMs: nowMs }, nowMs);
  return lines(machine);
}

/** What would be said to a request that was sent at `nowMs`, and arrives. */
function judge(machine: EpochMachine, request: EpochRequest, epoch: number, nowMs: number): RequestVerdict {
  return machine.judge({ request, epoch, timestampMs: nowMs }, nowMs);
}

function want(machine: EpochMachine, reason: "manual" | "security_event", nowMs: number): string[] {
  machine.handle({ kind: "wanted", reason }, nowMs);
  return lines(machine);
}

/** Takes the machine through a whole rotation of its own, confirmed; its outputs are dropped. */
function rotate(machine: EpochMachine, nowMs: number): void {
  want(machine, "manual", nowMs);
  answer(machine, machine.newestEpoch + 1, nowMs);
  machine.authenticated(machine.newestEpoch, nowMs);
  outputs(machine);
}

/** Lets the machine answer a rotation, unconfirmed; its outputs are dropped. */
function answerRotation(machine: EpochMachine, nowMs: number): void {
  request(machine, machine.newestEpoch + 1, nowMs);
}

// -- one rotation ---------------------------------------------------------------------------------------------------

Deno.test("epochs: a new session sends with epoch 0, holds it alone, and has nothing to do", () => {
  const machine = low();
  assert.equal(machine.sendEpoch, 0);
  assert.deepEqual(machine.trialOrder, [0]);
  assert.deepEqual([0, 1, 2, 3].map((phase) => machine.epochOfPhase(phase)), [0, -1, -1, -1]);
  assert.deepEqual(lines(machine), []);
  assert.equal(machine.nextTimeoutMs(), T0 + DAY_MS);
});

Deno.test("ARC-KEY-rotation-initiator-switch, ARC-KEY-rotation-manual: asks at once, sends with it after the answer", () => {
  const machine = low();
  assert.deepEqual(want(machine, "manual", 6000), ["ask rotate 1 manual"]);
  assert.equal(machine.sendEpoch, 0, "not before the answer");
  assert.equal(machine.epochOfPhase(1), -1, "there are no keys yet");
  assert.deepEqual(answer(machine, 1, 6100), ["send 1"]);
  assert.equal(machine.sendEpoch, 1);
  assert.deepEqual(machine.trialOrder, [1, 0]);
});

Deno.test("ARC-KEY-rotation-responder-switch: from the first unit authenticated under the new epoch", () => {
  const machine = low();
  assert.deepEqual(request(machine, 1, 6000), ["answer rotate 1"]);
  assert.equal(machine.sendEpoch, 0);
  assert.equal(machine.epochOfPhase(1), 1, "the pending epoch is accepted");
  machine.authenticated(0, 6100);
  assert.deepEqual(lines(machine), [], "the old epoch proves nothing");
  machine.authenticated(1, 6200);
  assert.deepEqual(lines(machine), ["confirm 1", "send 1"]);
  assert.equal(machine.sendEpoch, 1);
});

Deno.test("ARC-KEY-rotation-responder-switch: or from 1 s after its answer", () => {
  const machine = low();
  answerRotation(machine, 6000);
  assert.equal(machine.nextTimeoutMs(), 7000);
  machine.handle({ kind: "timeout" }, 6999);
  assert.equal(machine.sendEpoch, 0);
  machine.handle({ kind: "timeout" }, 7000);
  assert.deepEqual(lines(machine), ["send 1"], "sent with, and still not confirmed");
  assert.equal(machine.sendEpoch, 1);
});

for (const role of ["initiator", "responder"] as const) {
  const begun = () => {
    const machine = low();
    if (role === "initiator") {
      want(machine, "manual", 6000);
      answer(machine, 1, 6000);
    } else answerRotation(machine, 6000);
    outputs(machine);
    return machine;
  };

  Deno.test(`ARC-KEY-rotation-old-epoch-end, ARC-KEY-rotation-key-erased: ${role}, 1 s after the first new packet`, () => {
    const machine = begun();
    machine.authenticated(1, 8000);
    outputs(machine);
    machine.handle({ kind: "timeout" }, 8999);
    assert.equal(machine.epochOfPhase(0), 0);
    machine.authenticated(1, 8999);
    machine.handle({ kind: "timeout" }, 9000);
    assert.deepEqual(lines(machine), ["retire 0"]);
    assert.equal(machine.epochOfPhase(0), -1);
    assert.deepEqual(machine.trialOrder, [1]);
    assert.equal(machine.budget(0), undefined);
  });

  Deno.test(`ARC-KEY-rotation-old-epoch-end: ${role}, 60 s after the answer at the latest`, () => {
    const machine = begun();
    run(machine, 65_999);
    assert.equal(machine.epochOfPhase(0), 0);
    outputs(machine);
    machine.handle({ kind: "timeout" }, 66_000);
    assert.deepEqual(lines(machine), ["retire 0"]);
    assert.equal(machine.epochOfPhase(0), -1);
  });

  Deno.test(`ARC-KEY-rotation-old-epoch-end: ${role}, a first packet at 59.5 s does not prolong it`, () => {
    const machine = begun();
    machine.handle({ kind: "timeout" }, 60_000);
    machine.authenticated(1, 65_500);
    machine.handle({ kind: "timeout" }, 66_000);
    assert.equal(machine.epochOfPhase(0), -1);
  });

  Deno.test(`ARC-KEY-rotation-previous-master: ${role}, the old master_key goes only when the new epoch is confirmed`, () => {
    const machine = begun();
    run(machine, 500_000);
    assert.ok(!lines(machine).includes("confirm 1"));
    machine.authenticated(1, 500_000);
    assert.ok(lines(machine).includes("confirm 1"));
  });
}

Deno.test("ARC-KEY-rotation-key-erased: a whole rotation, outputs in order", () => {
  const machine = low();
  want(machine, "manual", 6000);
  answer(machine, 1, 6100);
  machine.authenticated(1, 6200);
  machine.authenticated(1, 6300);
  run(machine, 10_000);
  assert.deepEqual(lines(machine), ["confirm 1", "retire 0"]);
  assert.equal(machine.nextTimeoutMs(), 6100 + DAY_MS, "the interval counts from the beginning of the new epoch");
});

// -- numbers, phases, trial order -----------------------------------------------------------------------------------

Deno.test("ARC-KEY-epoch-numbers: any number but the next is bad_state and changes nothing", () => {
  const machine = low();
  rotate(machine, 6000);
  run(machine, 10_000);
  outputs(machine);
  for (const epoch of [0, 1, 3, 4, 5, 2 ** 32 - 1, -1, 1.5, NaN]) {
    assert.equal(judge(machine, "rotate", epoch, 20_000), "bad_state", `epoch ${epoch}`);
    assert.equal(judge(machine, "resume", epoch, 20_000), "bad_state", `epoch ${epoch}`);
    assert.deepEqual(request(machine, epoch, 11_000), [`refuse ${epoch} bad_state`]);
  }
  assert.deepEqual([machine.sendEpoch, machine.newestEpoch], [1, 1]);
  assert.equal(judge(machine, "rotate", 2, 20_000), "accept");
  assert.equal(judge(machine, "resume", 2, 20_000), "accept");
});

Deno.test("ARC-KEY-epoch-numbers: an answer to nothing, or to something else, is bad_state", () => {
  const machine = low();
  assert.deepEqual(answer(machine, 1, 6000), ["refuse 1 bad_state"]);
  want(machine, "manual", 6000);
  assert.deepEqual(answer(machine, 2, 6000), ["refuse 2 bad_state"]);
  assert.deepEqual(answer(machine, 1, 6000, "resume"), ["refuse 1 bad_state"]);
  assert.deepEqual(answer(machine, 1, 6000), ["send 1"]);
  assert.deepEqual(answer(machine, 1, 6000), ["refuse 1 bad_state"], "a second time");
});

Deno.test("ARC-KEY-epoch-phase-lookup: the epoch is found by K among those held, through many rotations", () => {
  const machine = low();
  for (let epoch = 1; epoch <= 9; epoch++) {
    const nowMs = 10_000 * epoch;
    rotate(machine, nowMs);
    assert.equal(machine.epochOfPhase(epoch & 3), epoch);
    assert.equal(machine.epochOfPhase((epoch - 1) & 3), epoch - 1);
    assert.equal(machine.epochOfPhase((epoch + 1) & 3), -1);
    run(machine, nowMs + 5000);
    assert.equal(machine.epochOfPhase((epoch - 1) & 3), -1);
    outputs(machine);
  }
});

Deno.test("ARC-KEY-epoch-phase-lookup: rotations faster than the overlap hold at most four epochs", () => {
  const machine = low();
  for (let epoch = 1; epoch <= 6; epoch++) rotate(machine, 6000 + epoch);
  assert.deepEqual(machine.trialOrder, [6, 5, 4, 3]);
  assert.deepEqual([0, 1, 2, 3].map((phase) => machine.epochOfPhase(phase)), [4, 5, 6, 3]);
  run(machine, 10_000);
  assert.deepEqual(machine.trialOrder, [6]);
});

Deno.test("ARC-KEY-epoch-trial: the sending epoch first, then the pending, then the previous", () => {
  const machine = low();
  rotate(machine, 6000);
  answerRotation(machine, 6500);
  assert.deepEqual(machine.trialOrder, [1, 2, 0]);
  machine.authenticated(2, 6600);
  assert.deepEqual(machine.trialOrder, [2, 1, 0]);
});

// -- lost answers -----------------------------------------------------------------------------------------------------

Deno.test("ARC-KEY-rotation-previous-master: a second request for the same epoch discards the unconfirmed one", () => {
  const machine = low();
  answerRotation(machine, 6000);
  assert.equal(judge(machine, "rotate", 1, 20_000), "accept");
  assert.deepEqual(request(machine, 1, 6400), ["discard 1", "answer rotate 1"]);
  assert.equal(machine.nextTimeoutMs(), 7400, "1 s from the second answer");
  machine.authenticated(1, 6500);
  assert.deepEqual(lines(machine), ["confirm 1", "send 1"]);
});

Deno.test("ARC-KEY-rotation-previous-master: discarding goes back to the old epoch where it was left already", () => {
  const machine = low();
  answerRotation(machine, 6000);
  run(machine, 7000);
  assert.deepEqual(lines(machine), ["send 1"]);
  assert.deepEqual(request(machine, 1, 9000), ["discard 1", "answer rotate 1", "send 0"]);
  assert.equal(machine.sendEpoch, 0);
  assert.equal(machine.budget(1)?.usedPackets, 0, "a new key has a new count");
  run(machine, 10_000);
  assert.deepEqual(lines(machine), ["send 1"]);
  run(machine, 68_999);
  assert.equal(machine.epochOfPhase(0), 0, "60 s from the second answer");
  run(machine, 69_000);
  assert.equal(machine.epochOfPhase(0), -1);
});

Deno.test("ARC-KEY-rotation-previous-master: after 60 s the old epoch is gone, and its master_key still discards", () => {
  const machine = low();
  answerRotation(machine, 6000);
  run(machine, 70_000);
  assert.deepEqual(lines(machine), ["send 1", "retire 0"]);
  assert.deepEqual(request(machine, 1, 80_000), ["discard 1", "answer rotate 1", "send 1"]);
  assert.deepEqual(machine.trialOrder, [1]);
});

Deno.test("ARC-KEY-rotation-previous-master: a confirmed epoch is not discarded", () => {
  const machine = low();
  answerRotation(machine, 6000);
  machine.authenticated(1, 6100);
  outputs(machine);
  assert.deepEqual(request(machine, 1, 6200), ["refuse 1 bad_state"]);
});

Deno.test("ARC-KEY-epoch-numbers: a request for the epoch after an unconfirmed one proves and confirms that one", () => {
  const machine = low();
  answerRotation(machine, 6000);
  assert.equal(judge(machine, "rotate", 2, 20_000), "accept");
  assert.deepEqual(request(machine, 2, 6100), ["confirm 1", "send 1", "answer rotate 2"]);
  assert.deepEqual(machine.trialOrder, [1, 2, 0]);
});

Deno.test("epochs: a request that fails is given up, an automatic one is tried again after a minute", () => {
  const machine = low();
  want(machine, "security_event", 6000);
  machine.handle({ kind: "failed", request: "rotate", epoch: 1 }, 20_000);
  assert.deepEqual(lines(machine), ["abandon rotate 1 failed"]);
  run(machine, 65_999);
  assert.deepEqual(lines(machine), []);
  run(machine, 66_000);
  assert.deepEqual(lines(machine), ["ask rotate 1 security_event"]);
});

Deno.test("epochs: a manual request that fails is not repeated, and failures of other requests change nothing", () => {
  const machine = low();
  want(machine, "manual", 6000);
  machine.handle({ kind: "failed", request: "rotate", epoch: 2 }, 6500);
  machine.handle({ kind: "failed", request: "resume", epoch: 1 }, 6500);
  assert.deepEqual(lines(machine), []);
  machine.handle({ kind: "failed", request: "rotate", epoch: 1 }, 7000);
  run(machine, 600_000);
  assert.deepEqual(lines(machine), ["abandon rotate 1 failed"]);
});

// -- crossing -----------------------------------------------------------------------------------------------------------

Deno.test("ARC-KEY-rotation-crossing: the lower peer_id's counts: it drops the other's", () => {
  const machine = low();
  want(machine, "manual", 6000);
  assert.equal(judge(machine, "rotate", 1, 20_000), "drop");
  assert.deepEqual(request(machine, 1, 6010), [], "dropped without an answer");
  assert.deepEqual(answer(machine, 1, 6020), ["send 1"]);
});

Deno.test("ARC-KEY-rotation-crossing: the higher peer_id gives its own up and answers", () => {
  const machine = high();
  want(machine, "manual", 6000);
  assert.equal(judge(machine, "rotate", 1, 20_000), "accept");
  assert.deepEqual(request(machine, 1, 6010), ["abandon rotate 1 crossed", "answer rotate 1"]);
  assert.deepEqual(answer(machine, 1, 6020), ["refuse 1 bad_state"]);
});

Deno.test("ARC-KEY-rotation-crossing: a crossing request that the answer overtook is dropped too", () => {
  const machine = low();
  want(machine, "manual", 6000);
  answer(machine, 1, 6010);
  outputs(machine);
  assert.deepEqual(request(machine, 1, 6020, "rotate", 6009), []);
  assert.equal(machine.sendEpoch, 1);
});

Deno.test("ARC-KEY-rotation-overtaken: a request that a later one overtook does not discard it", () => {
  const machine = low();
  request(machine, 1, 6000, "resume", 5950);
  assert.deepEqual(request(machine, 1, 6010, "rotate", 5900), []);
  assert.deepEqual(request(machine, 1, 6020, "rotate", 5951), ["discard 1", "answer rotate 1"]);
});

Deno.test("ARC-KEY-rotation-overtaken: a peer whose clock was set back is heard again after 30 s", () => {
  const machine = low();
  request(machine, 1, 6000);
  run(machine, 35_999);
  outputs(machine);
  assert.deepEqual(request(machine, 1, 35_999, "rotate", 100), []);
  assert.ok(request(machine, 1, 36_000, "rotate", 100).includes("answer rotate 1"));
});

Deno.test("ARC-KEY-rotation-resume-first: a resumption goes before a rotation, either way", () => {
  for (const machine of [low(), high()]) {
    want(machine, "manual", 6000);
    assert.deepEqual(request(machine, 1, 6010, "resume"), ["abandon rotate 1 crossed", "answer resume 1"]);
  }
  for (const machine of [low(), high()]) {
    machine.handle({ kind: "resume" }, 6000);
    outputs(machine);
    assert.equal(judge(machine, "rotate", 1, 20_000), "drop");
  }
});

// -- resumption ---------------------------------------------------------------------------------------------------------

Deno.test("epochs: resuming asks for the next epoch, replaces a rotation under way, and is asked for once", () => {
  const machine = low();
  want(machine, "manual", 6000);
  machine.handle({ kind: "resume" }, 6100);
  machine.handle({ kind: "resume" }, 6200);
  assert.deepEqual(lines(machine), ["abandon rotate 1 failed", "ask resume 1"]);
  assert.deepEqual(answer(machine, 1, 6300, "resume"), ["send 1"]);
});

Deno.test("epochs: who answered and saw no confirmation asks for the same epoch again, then for the one after", () => {
  const machine = low();
  answerRotation(machine, 6000);
  machine.handle({ kind: "resume" }, 6500);
  assert.deepEqual(lines(machine), ["ask resume 1"]);
  machine.handle({ kind: "failed", request: "resume", epoch: 1 }, 6600);
  assert.deepEqual(lines(machine), ["abandon resume 1 failed", "ask resume 2"]);
  assert.deepEqual(answer(machine, 2, 6700, "resume"), ["confirm 1", "send 1", "send 2"]);
  assert.equal(machine.sendEpoch, 2);
});

Deno.test("epochs: the answer to a resumption for the same epoch discards the unconfirmed one", () => {
  const machine = low();
  answerRotation(machine, 6000);
  machine.handle({ kind: "resume" }, 6500);
  outputs(machine);
  machine.authenticated(1, 6550);
  assert.deepEqual(lines(machine), [], "confirming now would erase what the answer is verified with");
  assert.deepEqual(answer(machine, 1, 6600, "resume"), ["discard 1", "send 1"]);
});

Deno.test("epochs: who got the answer knows that the peer holds the epoch, and resumes with the one after", () => {
  const machine = low();
  want(machine, "manual", 6000);
  answer(machine, 1, 6100);
  machine.handle({ kind: "resume" }, 6500);
  assert.deepEqual(lines(machine), ["ask resume 2"]);
});

Deno.test("epochs: crossing resumptions for different epochs are decided like any crossing", () => {
  const initiator = low();
  want(initiator, "manual", 6000);
  answer(initiator, 1, 6100);
  initiator.handle({ kind: "resume" }, 6500);
  outputs(initiator);
  assert.equal(judge(initiator, "resume", 1, 20_000), "drop");

  const responder = high();
  answerRotation(responder, 6050);
  responder.handle({ kind: "resume" }, 6500);
  outputs(responder);
  assert.deepEqual(request(responder, 2, 6600, "resume"), [
    "abandon resume 1 crossed",
    "confirm 1",
    "send 1",
    "answer resume 2",
  ]);
});

// -- triggers -----------------------------------------------------------------------------------------------------------

Deno.test("ARC-KEY-rotation-interval: 24 hours after the epoch began", () => {
  const machine = low();
  machine.handle({ kind: "timeout" }, T0 + DAY_MS - 1);
  assert.deepEqual(lines(machine), []);
  run(machine, T0 + DAY_MS);
  assert.deepEqual(lines(machine), ["ask rotate 1 interval"]);
});

Deno.test("ARC-KEY-rotation-interval: the peer's rotation starts the time anew, the knob shortens it", () => {
  const machine = low({ intervalMs: 100_000 });
  answerRotation(machine, T0 + 90_000);
  machine.authenticated(1, T0 + 90_000);
  run(machine, T0 + 189_999);
  assert.ok(!lines(machine).some((line) => line.startsWith("ask")));
  run(machine, T0 + 190_000);
  assert.deepEqual(lines(machine), ["ask rotate 2 interval"]);
});

/** Protects `packets` packets with the machine's sending epoch; false when one must not be sent. */
function protect(machine: EpochMachine, packets: number, nowMs: number): boolean {
  for (let i = 0; i < packets; i++) {
    if (!machine.maySend) return false;
    machine.budget(machine.sendEpoch)?.spend();
    machine.checkBudget(nowMs);
  }
  return true;
}

Deno.test("ARC-KEY-rotation-packet-limit: a rotation starts before the limit", () => {
  const machine = low({ packetLimit: 640 });
  assert.ok(protect(machine, 629, 6000));
  assert.deepEqual(lines(machine), []);
  assert.ok(protect(machine, 1, 6000));
  assert.deepEqual(lines(machine), ["ask rotate 1 packet_limit"]);
  assert.ok(protect(machine, 9, 6000));
  assert.ok(machine.maySend);
  answer(machine, 1, 6100);
  assert.ok(protect(machine, 629, 6200), "a new epoch has a new count");
});

Deno.test("ARC-KEY-rotation-packet-limit: the protocol's limit is 2^31 packets", () => {
  const machine = low();
  const budget = machine.budget(0);
  assert.equal(budget?.limitPackets, 2 ** 31);
  assert.ok(machine.maySend);
});

Deno.test("ARC-KEY-packet-count-scope: one count for all keys of an epoch", () => {
  const machine = low({ packetLimit: 64 });
  const forMedia = machine.budget(0);
  const forRtcp = machine.budget(0);
  for (let i = 0; i < 32; i++) {
    forMedia?.spend();
    forRtcp?.spend();
  }
  assert.equal(machine.maySend, false);
});

Deno.test("ARC-KEY-rotation-stop: at the limit without a finished rotation the streams stop, once", () => {
  const machine = low({ packetLimit: 10 });
  assert.ok(protect(machine, 10, 6000));
  assert.deepEqual(lines(machine), ["ask rotate 1 packet_limit", "stop 0"]);
  assert.equal(machine.maySend, false);
  assert.equal(protect(machine, 1, 6100), false);
  machine.checkBudget(6200);
  assert.deepEqual(lines(machine), []);
  answer(machine, 1, 6300);
  assert.equal(machine.maySend, true, "the next epoch has keys of its own");
});

Deno.test("ARC-KEY-rotation-stop: a responder that is about to switch does not stop its streams", () => {
  const machine = low({ packetLimit: 10 });
  answerRotation(machine, 6000);
  assert.ok(protect(machine, 10, 6100));
  assert.equal(protect(machine, 1, 6100), false);
  assert.deepEqual(lines(machine), []);
  run(machine, 7000);
  assert.deepEqual(lines(machine), ["send 1"]);
  assert.ok(machine.maySend);
});

Deno.test("ARC-KEY-rotation-security-event: the event starts a rotation", () => {
  assert.deepEqual(want(low(), "security_event", 6000), ["ask rotate 1 security_event"]);
});

Deno.test("ARC-KEY-rotation-rate: one automatic rotation in 60 s, a later event waits", () => {
  const machine = low();
  const finish = (nowMs: number) => {
    answer(machine, machine.newestEpoch + 1, nowMs);
    machine.authenticated(machine.newestEpoch, nowMs);
    outputs(machine);
  };
  want(machine, "security_event", 6000);
  finish(6100);
  assert.deepEqual(want(machine, "security_event", 7000), []);
  run(machine, 65_999);
  assert.ok(!lines(machine).some((line) => line.startsWith("ask")));
  run(machine, 66_000);
  assert.deepEqual(lines(machine), ["ask rotate 2 security_event"]);
});

Deno.test("ARC-KEY-rotation-rate: whatever the reasons are", () => {
  const machine = low({ packetLimit: 64, intervalMs: 1000 });
  want(machine, "security_event", 6000);
  answer(machine, 1, 6001);
  machine.authenticated(1, 6002);
  outputs(machine);
  protect(machine, 63, 6003);
  run(machine, 65_999);
  assert.ok(!lines(machine).some((line) => line.startsWith("ask")));
  run(machine, 66_000);
  assert.deepEqual(lines(machine), ["ask rotate 2 packet_limit"]);
});

Deno.test("ARC-KEY-rotation-rate: manual rotations are not limited, and do not use up the automatic one", () => {
  const machine = low();
  for (let i = 0; i < 5; i++) rotate(machine, 6000 + 10 * i);
  assert.equal(machine.sendEpoch, 5);
  assert.deepEqual(want(machine, "security_event", 6100), ["ask rotate 6 security_event"]);
});

Deno.test("epochs: a wish while a rotation is under way is served by it, one after the answer gets another", () => {
  const machine = low();
  want(machine, "manual", 6000);
  assert.deepEqual(want(machine, "security_event", 6010), []);
  answer(machine, 1, 6020);
  assert.deepEqual(want(machine, "manual", 6030), [], "waits for the confirmation");
  machine.authenticated(1, 6040);
  assert.deepEqual(lines(machine), ["confirm 1", "ask rotate 2 manual"]);
});

Deno.test("epochs: a new epoch from the peer serves a waiting security event", () => {
  const machine = low();
  want(machine, "security_event", 6000);
  answer(machine, 1, 6001);
  machine.authenticated(1, 6002);
  want(machine, "security_event", 7000);
  answerRotation(machine, 8000);
  machine.authenticated(2, 8001);
  outputs(machine);
  run(machine, 200_000);
  assert.ok(!lines(machine).some((line) => line.startsWith("ask")));
});

Deno.test("epochs: reasons are named by what is most pressing", () => {
  const reasons: RotationReason[] = [];
  const machine = low({ intervalMs: 60_000, packetLimit: 10, automaticSpacingMs: 0 });
  want(machine, "manual", 6000);
  answer(machine, 1, 6000);
  want(machine, "security_event", 6000);
  for (let i = 0; i < 9; i++) machine.budget(1)?.spend();
  machine.authenticated(1, 200_000);
  for (const output of outputs(machine)) if (output.kind === "ask" && output.reason) reasons.push(output.reason);
  assert.deepEqual(reasons, ["packet_limit"]);
});

Deno.test("epochs: a timeout that was asked for always gets something done", () => {
  const machine = low({ intervalMs: 70_000, packetLimit: 64 });
  answerRotation(machine, 6000);
  for (let i = 0; i < 50; i++) {
    const atMs = machine.nextTimeoutMs();
    if (atMs === undefined) break;
    machine.handle({ kind: "timeout" }, atMs);
    const nextMs = machine.nextTimeoutMs();
    assert.ok(nextMs === undefined || nextMs > atMs, `timeout at ${atMs} asked for ${nextMs} again`);
    if (outputs(machine).some(({ kind }) => kind === "ask")) answer(machine, machine.newestEpoch + 1, atMs);
    machine.authenticated(machine.newestEpoch, atMs);
  }
});
