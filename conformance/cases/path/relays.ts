/** SPEC clause 7.1 with relays: binding at them, what goes through them, and the addresses that they see. */
import type { Case } from "../../case.ts";
import type { FarPath } from "../../drive/far/far_path.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import type { Heard } from "../../drive/far/heard_log.ts";
import type { PeerRole } from "../../drive/peer_source.ts";
import { brief } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { isMediaOn, isProbe, mediaOn } from "./watching.ts";

/** Later than this is not even a busy host's fault. */
const LATEST_MS = 2000;

const ROLES: readonly PeerRole[] = ["caller", "callee"];

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
      const far = await world.call("caller", { relays: [{ priority: 10, transport: "tls" }], pathsAreSilent: true });
      const [{ place }] = far.relays;
      place.isAnswering = true;
      const { path } = await far.stage.arrival([place]);
      await mediaOn(far, path, 0);
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
  ...ROLES.map((role): Case => ({
    id: `path/bind-first-${role}`,
    requirements: ["ARC-PATH-bind-first"],
    title: role === "caller"
      ? "A caller that knows a relay is bound there before it sends CONNECT"
      : "A callee that knows a relay has asked to be bound there before it answers CONNECT",
    needs: "peer",
    run: async (world) => {
      const far = await world.call(role, { relays: [{ priority: 10, isKnown: true }] });
      const spoke = far.log.entries.findIndex(({ kind }) => kind === "signal");
      const bound = far.log.entries.findIndex((heard) =>
        heard.kind === "plain" && heard.message.type === "RELAY_BIND" &&
        (role === "callee" || heard.message.proof !== undefined)
      );
      world.require(bound >= 0 && bound < spoke, "RELAY_BIND before it speaks of itself", "none before");
    },
  })),
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
      const far = await world.call(role, { relays: [10], observed: OBSERVED });
      const [{ path }] = far.relays;
      for (const heartbeat of await nextProbes(far, path, 3)) {
        const { public_ip, public_port, nat_type } = (heartbeat.network_info ?? {}) as Json;
        const isTold = public_ip === OBSERVED.host && public_port === OBSERVED.port && typeof nat_type === "string";
        world.require(isTold, `network_info with ${brief(OBSERVED)}`, brief(heartbeat.network_info));
      }
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
