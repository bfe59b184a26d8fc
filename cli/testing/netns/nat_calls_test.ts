/**
 * Calls between homes behind NATs, in network namespaces, with real processes: which way media takes, and that it
 * arrives. All of them run side by side in one small internet, each waits for its own.
 */
import assert from "node:assert/strict";
import type { Line } from "../../peer/testing/arcrtc_process.ts";
import { type CallOutcome, CallRig, type PeerOutcome, RELAY_PORT, type RunningCall } from "./call_rig.ts";
import { DROP_UDP, dropAddress, type Home, type NatKind } from "./internet.ts";
import { namespacesAbsent } from "./namespaces.ts";

const ABSENT = namespacesAbsent();

interface Scenario {
  readonly name: string;
  readonly nats: readonly [caller: NatKind, callee: NatKind];
  readonly seconds: number;
  /** It breaks something that others need. */
  readonly relaysOfItsOwn?: true;
  /** Made before the call. */
  readonly prepare?: (rig: CallRig, caller: Home, callee: Home) => void;
  /** Done to it while it runs. */
  readonly disturb?: (rig: CallRig, call: RunningCall) => Promise<void>;
  readonly check: (outcome: CallOutcome, rig: CallRig) => void;
}

/** At this rate `test:audio` sends. */
const FRAMES_PER_SECOND = 50;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Frames that one side has sent and the other received. */
function framesOf({ caller, callee }: CallOutcome): readonly (readonly [sent: number, received: number])[] {
  return [[caller, callee], [callee, caller]].map(([from, to]) =>
    [from.summary.sent[0].frames, to.summary.received[0]?.frames ?? 0] as const
  );
}

/**
 * So large a share of what was sent has arrived, in both directions. It is well below what arrives on a machine with
 * nothing else to do, and above what was there before anything went wrong: a call that breaks and stays broken is below.
 */
function arrived(outcome: CallOutcome, share: number): void {
  for (const [sent, received] of framesOf(outcome)) {
    assert.ok(sent >= FRAMES_PER_SECOND, `only ${sent} frames were sent`);
    assert.ok(received >= share * sent, `${received} of ${sent} frames arrived`);
  }
}

function endsBy(outcome: CallOutcome, kind: string): void {
  for (const { summary } of [outcome.caller, outcome.callee]) assert.equal(summary.path?.kind, kind);
}

const chosenPaths = (lines: readonly Line[]) =>
  lines.filter(({ event, change }) => event === "path" && change === "chosen");

/** No second session was needed. */
function staysOneCall(outcome: CallOutcome): void {
  for (const { lines, code } of [outcome.caller, outcome.callee]) {
    assert.equal(code, 0);
    assert.equal(lines.filter(({ event }) => event === "connected").length, 1);
  }
}

/** Media stopped and came back. */
function noticesTheCut({ lines }: PeerOutcome): void {
  const silent = lines.findIndex(({ event }) => event === "stream_silent");
  assert.ok(silent >= 0, "nothing was noticed");
  assert.ok(lines.slice(silent).some(({ event }) => event === "stream_active"), "media did not come back");
}

/** At how many addresses two relays saw a peer: a cone keeps one, a symmetric NAT makes one for each destination. */
function addressesSeen({ lines }: PeerOutcome): number {
  const seen = lines.filter(({ event, change }) => event === "relay" && change === "bound");
  assert.ok(seen.length >= 2, "it was not bound to two relays");
  return new Set(seen.map(({ observed }) => observed)).size;
}

const direct = (name: string, nats: Scenario["nats"]): Scenario => ({
  name: `${name} [ARC-PATH-probe-all]`,
  nats,
  seconds: 3,
  check(outcome) {
    endsBy(outcome, "direct");
    arrived(outcome, 0.5);
    const seen = [outcome.caller, outcome.callee].map(addressesSeen);
    assert.deepEqual(seen, nats.map((nat) => nat === "symmetric" ? 2 : 1));
  },
});

const udpBlocked = (whom: string, prepare: Scenario["prepare"]): Scenario => ({
  name: `with UDP blocked ${whom} media goes over TCP through a relay [ARC-PATH-tcp-after, ARC-PATH-tcp-relay]`,
  nats: ["port-restricted-cone", "port-restricted-cone"],
  seconds: 5,
  prepare,
  check(outcome) {
    assert.equal(outcome.caller.summary.path?.kind, "tcp_relay");
    arrived(outcome, 0.5);
  },
});

const renumbered = (way: string, kind: string, nats: Scenario["nats"]): Scenario => ({
  name: `another public address in the middle of a call: it goes on ${way} [ARC-RELAY-rebind, ARC-PATH-reconnect]`,
  nats,
  seconds: 9,
  async disturb({ internet }, { caller }) {
    await caller.process.event("connected");
    await sleep(2000);
    internet.renumber(caller.home);
  },
  check(outcome) {
    staysOneCall(outcome);
    arrived(outcome, 0.35);
    const seen = outcome.caller.lines.filter(({ event, change }) => event === "relay" && change === "bound");
    const ips = new Set(seen.map(({ observed }) => observed.split(":")[0]));
    assert.equal(ips.size, 2, "the relays saw the caller at its new address");
    endsBy(outcome, kind);
  },
});

const SCENARIOS: readonly Scenario[] = [
  direct("full cones meet directly", ["full-cone", "full-cone"]),
  direct("restricted cones meet directly", ["restricted-cone", "restricted-cone"]),
  direct("port-restricted cones meet directly", ["port-restricted-cone", "port-restricted-cone"]),
  direct("a full cone lets a symmetric NAT in, at whichever port it comes from", ["full-cone", "symmetric"]),
  {
    name: "behind symmetric NATs media goes through a relay [ARC-PATH-first-valid]",
    nats: ["symmetric", "symmetric"],
    seconds: 3,
    check(outcome, { relays }) {
      endsBy(outcome, "relay");
      const places = relays.map(({ ip }) => `${ip}:${RELAY_PORT}`);
      for (const peer of [outcome.caller, outcome.callee]) {
        assert.equal(addressesSeen(peer), 2);
        assert.ok(places.includes(peer.summary.path.address));
      }
      arrived(outcome, 0.5);
    },
  },
  udpBlocked("for one of them", (rig, caller) => rig.internet.firewall(caller, DROP_UDP)),
  udpBlocked("for both of them", (rig, ...homes) => homes.forEach((home) => rig.internet.firewall(home, DROP_UDP))),
  {
    name: "a relay that one of them cannot reach is not used; the other one is [ARC-PATH-relay-order]",
    nats: ["symmetric", "symmetric"],
    seconds: 3,
    prepare: (rig, caller) => rig.internet.firewall(caller, dropAddress(rig.relays[0].ip)),
    check(outcome, { relays }) {
      for (const { summary } of [outcome.caller, outcome.callee]) {
        assert.equal(summary.path?.address, `${relays[1].ip}:${RELAY_PORT}`);
      }
      arrived(outcome, 0.5);
    },
  },
  {
    name: "a cable that is out for 3 s and back: the same session goes on [ARC-PATH-reconnect]",
    nats: ["port-restricted-cone", "port-restricted-cone"],
    seconds: 9,
    async disturb({ internet }, { caller }) {
      await caller.process.event("connected");
      await sleep(1500);
      internet.cable(caller.home, false);
      await sleep(3000);
      internet.cable(caller.home, true);
    },
    check(outcome) {
      staysOneCall(outcome);
      arrived(outcome, 0.3);
      noticesTheCut(outcome.caller);
      noticesTheCut(outcome.callee);
    },
  },
  renumbered("directly", "direct", ["port-restricted-cone", "port-restricted-cone"]),
  renumbered("through relays, which are bound to anew", "relay", ["symmetric", "symmetric"]),
  {
    name: "the relay that carries media is killed: the other one takes over [ARC-PATH-failover]",
    nats: ["symmetric", "symmetric"],
    seconds: 8,
    relaysOfItsOwn: true,
    async disturb({ relays }, { caller, callee }) {
      for (const { process } of [caller, callee]) await process.event("path");
      await sleep(2000);
      const chosen = chosenPaths(caller.process.lines).at(-1)?.address;
      const carrier = relays.find(({ ip }) => chosen === `${ip}:${RELAY_PORT}`);
      assert.ok(carrier !== undefined, `media goes through no relay but to ${chosen}`);
      carrier.process.signal("SIGKILL");
    },
    check(outcome) {
      for (const { lines, summary } of [outcome.caller, outcome.callee]) {
        const chosen = chosenPaths(lines);
        assert.equal(chosen.at(-1)?.why, "failover");
        assert.equal(summary.path?.kind, "relay");
      }
      staysOneCall(outcome);
      arrived(outcome, 0.45);
    },
  },
];

function homesOf(rig: CallRig, i: number, [caller, callee]: Scenario["nats"]): readonly [Home, Home] {
  return [rig.internet.home(`caller${i}`, caller), rig.internet.home(`callee${i}`, callee)];
}

async function play(rig: CallRig, scenario: Scenario, i: number): Promise<CallOutcome> {
  const [caller, callee] = homesOf(rig, i, scenario.nats);
  scenario.prepare?.(rig, caller, callee);
  const call = await rig.dial(caller, callee, scenario.seconds);
  await scenario.disturb?.(rig, call);
  return await rig.over(call);
}

async function playAt(shared: CallRig, scenario: Scenario, i: number): Promise<CallOutcome> {
  if (!scenario.relaysOfItsOwn) return await play(shared, scenario, i);
  const rig = await CallRig.start();
  try {
    return await play(rig, scenario, i);
  } finally {
    await rig.close();
  }
}

/** So many calls run at a time: each has two processes. */
const SIDE_BY_SIDE = 3;

Deno.test({
  name: `calls between homes behind NATs${ABSENT === undefined ? "" : ` (ignored: no namespaces here: ${ABSENT})`}`,
  ignore: ABSENT !== undefined,
  async fn(t) {
    const rig = await CallRig.start();
    try {
      const waiting = SCENARIOS.map((scenario, i) => ({ scenario, i, done: Promise.withResolvers<CallOutcome>() }));
      const queue = [...waiting];
      const playSome = async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          await playAt(rig, next.scenario, next.i).then(next.done.resolve, next.done.reject);
        }
      };
      const players = Array.from({ length: SIDE_BY_SIDE }, playSome);
      for (const { scenario, done } of waiting) {
        await t.step({
          name: scenario.name,
          // The other calls go on meanwhile.
          sanitizeOps: false,
          sanitizeResources: false,
          fn: async () => {
            const outcome = await done.promise;
            try {
              scenario.check(outcome, rig);
            } catch (error) {
              console.error(story(outcome));
              throw error;
            }
          },
        });
      }
      await Promise.all(players);
    } finally {
      await rig.close();
    }
  },
});

/** What both sides said of their paths. */
function story({ caller, callee }: CallOutcome): string {
  const of = (name: string, { lines, stderr }: CallOutcome["caller"]) =>
    [name, ...lines.map((line) => JSON.stringify(line).slice(0, 400)), stderr].join("\n  ");
  return `${of("caller", caller)}\n${of("callee", callee)}`;
}
