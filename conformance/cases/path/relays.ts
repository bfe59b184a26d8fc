/** SPEC clause 7.1 with relays: binding at them, what goes through them, and the addresses that they see. */
import type { Case } from "../../case.ts";
import type { FarPath } from "../../drive/far/far_path.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import { type Heard, HeardLog } from "../../drive/far/heard_log.ts";
import { Stage } from "../../drive/far/stage.ts";
import type { PeerRole } from "../../drive/peer_source.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { isMediaOn, isProbe, mediaOn, relayedOverTls, SETTLED_MS } from "./watching.ts";

/** Later than this is not even a busy host's fault. */
const LATEST_MS = 2000;

const ROLES: readonly PeerRole[] = ["caller", "callee"];

/** SPEC ARC-PATH-bind-first has a caller wait 500 ms; a busy host brings the first RELAY_BIND late. */
const SHORTEST_WAIT_MS = 250;

/** An address for documents (RFC 5737): no peer can have named it by itself. */
const OBSERVED = { host: "203.0.113.7", port: 4242 };

export const CASES: readonly Case[] = [
  {
    id: "path/better-later",
    requirements: ["ARC-PATH-first-valid"],
    title: "Media moves to a better path when that becomes valid: from a relay to the direct one",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller", { relays: [10] });
      const [{ path: relay }] = far.relays;
      far.path.isAnswering = false;
      await far.validate(relay);
      await mediaOn(far, relay, 0);
      far.path.isAnswering = true;
      await mediaOn(far, far.path);
    },
  },
  {
    id: "path/relay-order",
    requirements: ["ARC-PATH-relay-order"],
    title: "Of two relays the one with the lower priority carries the media",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller", { relays: [20, 10] });
      const [{ path: worse }, { path: better }] = far.relays;
      far.path.isAnswering = false;
      await far.validate(worse);
      await far.validate(better);
      await mediaOn(far, better);
      // What was under way by the other is read by now, on a busy host too.
      await world.pass(SETTLED_MS);
      const { mark } = far.log;
      await far.fence(better);
      await mediaOn(far, better, mark);
      const strayed = far.log.all(mark, (heard) => isMediaOn(heard, worse)).length;
      world.require(strayed === 0, "no more media by the other", `${strayed} packets`);
    },
  },
  {
    id: "path/relay-bind",
    requirements: ["ARC-RELAY-proof", "ARC-SIG-relay-bind-fields"],
    title: "A peer binds to the relay that its server has given it, with the proof of its token",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { relays: [10] });
      const [relay] = far.relays;
      const { session_id, peer_id, expires, proof, nonce } = await far.log.find(
        "a RELAY_BIND with a proof",
        0,
        (heard) => heard.kind === "plain" && heard.message.proof !== undefined ? heard.message : undefined,
      );
      const due = { session_id: far.sessionId, peer_id: far.remotePeerId, expires: relay.expiresS };
      world.require(
        brief({ session_id, peer_id, expires }) === brief(due),
        brief(due),
        brief({ session_id, peer_id, expires }),
      );
      world.require(nonce === relay.nonce && proof === relay.proof, `the proof ${relay.proof}`, brief(proof));
    },
  },
  {
    id: "path/relay-secrets",
    requirements: ["ARC-RELAY-no-media-keys", "ARC-RELAY-keys-secure", "ARC-SEAL-no-secrets"],
    title: "To a relay over UDP a peer says in the clear only what binds it: no token, no key",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller", { relays: [10] });
      const [relay] = far.relays;
      far.path.isAnswering = false;
      await far.validate(relay.path);
      await mediaOn(far, relay.path, 0);
      const plain = far.log.all(0, (heard) => heard.kind === "plain" ? heard.message : undefined);
      const allowed = ["RELAY_BIND", "RELAY_UNBIND", "HEARTBEAT"];
      for (const message of plain) {
        world.require(allowed.includes(String(message.type)), "RELAY_BIND, RELAY_UNBIND or HEARTBEAT", brief(message));
        world.require(!brief(message).includes(relay.token), "no token", brief(message));
      }
    },
  },
  {
    id: "path/relay-bind-repeated",
    requirements: ["ARC-SIG-repeat-first-interval", "ARC-SIG-repeat-doubling", "ARC-SIG-repeat-identical"],
    title: "A RELAY_BIND over UDP that nobody answers is sent again as it was, after 200 ms, then after 400 ms",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { relays: [10], relaysAreSilent: true });
      const sent: Heard[] = [];
      for (let mark = 0; sent.length < 3; mark = far.log.entries.indexOf(sent[sent.length - 1]) + 1) {
        sent.push(
          await far.log.find(
            "a RELAY_BIND",
            mark,
            (heard) => heard.kind === "plain" && heard.message.type === "RELAY_BIND" ? heard : undefined,
          ),
        );
      }
      const texts = sent.map((heard) => heard.kind === "plain" ? brief(heard.message) : "");
      world.require(texts.every((text) => text === texts[0]), texts[0], texts.join(" "));
      // A busy host brings the earlier ones late, so that the gaps are smaller here than they were there.
      const overallMs = sent[2].atMs - sent[0].atMs;
      world.require(overallMs > 350 && overallMs < LATEST_MS, "600 ms over both repetitions", `${overallMs} ms`);
    },
  },
  {
    id: "path/relay-keys-before-epoch",
    requirements: ["ARC-RELAY-keys-before-epoch"],
    title: "A peer that gives a relay its RELAY_KEYS does so before the first packet of each SSRC and epoch",
    needs: "peer",
    run: async (world) => {
      const { far, path } = await relayedOverTls(world, "caller");
      await far.epochs.rotate();
      await far.hears("media of epoch 1", 0, ({ epoch }) => epoch === 1);
      const given = new Set<string>();
      const late: string[] = [];
      for (const heard of far.log.entries.filter((one) => one.path === path)) {
        if (heard.kind === "plain" && heard.message.type === "RELAY_KEYS") given.add(keyOf(heard.message));
        else if (heard.kind === "media" && !given.has(keyOf(heard.packet))) late.push(keyOf(heard.packet));
      }
      if (given.size === 0) world.skip("the peer uses no RELAY_KEYS");
      world.require(late.length === 0, "RELAY_KEYS before each packet", `none before one of ${late[0]}`);
    },
  },
  {
    id: "path/bind-first-caller",
    requirements: ["ARC-PATH-bind-first"],
    title: "A caller that knows a relay is bound there before it sends CONNECT, or has waited for it",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller", { relays: [{ priority: 10, isKnown: true }] });
      const before = far.log.entries.slice(0, far.log.entries.findIndex(({ kind }) => kind === "signal") + 1);
      const asked = before.find((heard) => isBinding(heard));
      const waitedMs = asked === undefined ? 0 : (before.at(-1)?.atMs ?? 0) - asked.atMs;
      const isBound = before.some((heard) => isBinding(heard) && heard.message.proof !== undefined);
      world.require(isBound || waitedMs >= SHORTEST_WAIT_MS, "a RELAY_BIND with a proof before CONNECT", "none before");
    },
  },
  {
    id: "path/bind-first-callee",
    requirements: ["ARC-PATH-bind-first"],
    title: "A callee that nobody has called yet binds at the relay that it knows",
    needs: "peer",
    run: async (world) => {
      const log = new HeardLog(world.desk);
      const stage = new Stage(world, log);
      await stage.open({ paths: 0, tcp: false, relays: [{ priority: 10 }] }, world.callee);
      const [relay] = stage.relays;
      await world.start("callee", { relay: relay.known });
      await log.find("a RELAY_BIND with a proof", 0, (heard) => isBinding(heard) && heard.message.proof || undefined);
    },
  },
  {
    id: "path/bind-first-dead",
    requirements: ["ARC-PATH-bind-first"],
    title: "A relay that does not answer holds up the CONNECT for 500 ms at most",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("caller", { relays: [{ priority: 10, isKnown: true }], relaysAreSilent: true });
      const asked = await far.log.find("a RELAY_BIND", 0, (heard) => heard.kind === "plain" ? heard : undefined);
      const spoke = await far.log.find("a CONNECT", 0, (heard) => heard.kind === "signal" ? heard : undefined);
      const waitedMs = Math.round(spoke.atMs - asked.atMs);
      world.require(waitedMs < LATEST_MS, "CONNECT 500 ms after the first RELAY_BIND", `after ${waitedMs} ms`);
    },
  },
  ...ROLES.map((role): Case => ({
    id: `path/tell-address-${role}`,
    requirements: ["ARC-PATH-tell-address"],
    title: `A ${role} that learns its public address too late for ${
      role === "caller" ? "CONNECT" : "CONNECT_ACK"
    } tells it in every HEARTBEAT through the relay`,
    needs: "peer",
    run: async (world) => {
      const far = await world.call(role, { relays: [{ priority: 10, observed: OBSERVED }], pathsAreSilent: true });
      const [{ path }] = far.relays;
      for (const heartbeat of await nextProbes(far, path, 3)) {
        const { public_ip, public_port, nat_type } = (heartbeat.network_info ?? {}) as Json;
        const isTold = public_ip === OBSERVED.host && public_port === OBSERVED.port && typeof nat_type === "string";
        world.require(isTold, `network_info with ${brief(OBSERVED)}`, brief(heartbeat.network_info));
      }
    },
  })),
  ...[
    {
      natType: "symmetric",
      second: { ...OBSERVED, port: OBSERVED.port + 1 },
      how: "at different ports",
      right: ["symmetric"],
    },
    // Whether it filters by address, which `restricted` says, relays do not see: both words are right.
    { natType: "cone", second: OBSERVED, how: "at one address", right: ["cone", "restricted"] },
  ].map(({ natType, second, how, right }): Case => ({
    id: `path/nat-type-${natType}`,
    requirements: ["ARC-RELAY-nat-type", "ARC-PATH-tell-address"],
    title: `A peer that two relays see ${how} has the NAT type ${right.join(" or ")}`,
    needs: "peer",
    run: async (world) => {
      const relays = [{ priority: 10, observed: OBSERVED }, { priority: 20, observed: second }];
      const far = await world.call("callee", { relays, pathsAreSilent: true });
      const expected = `a sealed HEARTBEAT with nat_type ${right.join(" or ")} through a relay`;
      await far.log.find(expected, 0, ({ path, ...heard }) => {
        const isThrough = far.relays.some(({ place }) => path !== undefined && place.owns(path));
        const info = heard.kind === "sealed" ? heard.message.network_info as Json | undefined : undefined;
        return isThrough && right.includes(String(info?.nat_type)) || undefined;
      });
    },
  })),
  {
    id: "path/told-address",
    requirements: ["ARC-PATH-told-address"],
    title: "An address that is told in a sealed HEARTBEAT is probed",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const told = far.unnamedPath();
      await tell(far, told);
      await far.probed(told, 0);
    },
  },
  {
    id: "path/told-address-limit",
    requirements: ["ARC-PATH-told-address", "ARC-PATH-pending-limit"],
    title: "Of many addresses that are told at most 4 are probed at a time",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const told = Array.from({ length: 7 }, () => far.unnamedPath());
      for (const path of told) path.isAnswering = false;
      for (const path of told) await tell(far, path);
      await world.pass(200);
      const probed = told.filter((path) => far.log.entries.some((heard) => isProbe(heard, path))).length;
      world.require(probed >= 1 && probed <= 4, "1 to 4 addresses that are probed", `${probed}`);
    },
  },
];

function isBinding(heard: Heard): heard is Extract<Heard, { kind: "plain" }> {
  return heard.kind === "plain" && heard.message.type === "RELAY_BIND";
}

function keyOf({ ssrc, epoch }: { readonly ssrc?: unknown; readonly epoch?: unknown }): string {
  return `SSRC ${ssrc}, epoch ${epoch}`;
}

/** Says in a HEARTBEAT, which the peer answers, that we are seen at the path. */
async function tell(far: FarPeer, { local }: FarPath): Promise<void> {
  const network_info = { public_ip: local.host, public_port: local.port, nat_type: "cone" };
  await far.fence(far.path, { network_info });
}

/** The first HEARTBEATs on a path. */
async function nextProbes(far: FarPeer, path: FarPath, count: number): Promise<readonly Json[]> {
  const probes: Json[] = [];
  for (let mark = 0; probes.length < count;) {
    const probe = await far.probed(path, mark);
    mark = far.log.entries.findIndex((heard) => heard.kind === "sealed" && heard.message === probe) + 1;
    probes.push(probe);
  }
  return probes;
}
