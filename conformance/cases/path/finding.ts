/** SPEC clause 7.1: finding a path. */
import type { Case } from "../../case.ts";
import type { FarPath } from "../../drive/far/far_path.ts";
import type { FarPeer } from "../../drive/far/far_peer.ts";
import type { Heard } from "../../drive/far/heard_log.ts";
import { withTurnedBit } from "../../drive/far/far_stream.ts";
import type { PeerRole } from "../../drive/peer_source.ts";
import type { PeerWorld } from "../../drive/peer_world.ts";
import { brief } from "../../expect.ts";

/** Later than this is not even a busy host's fault. */
const LATEST_MS = 2000;

const ROLES: readonly PeerRole[] = ["caller", "callee"];

export const CASES: readonly Case[] = [
  ...ROLES.map((role): Case => ({
    id: `path/probe-sealed-${role}`,
    requirements: ["ARC-PATH-probe-all", "ARC-SEAL-clear-units", "ARC-SIG-heartbeat-sender-fields"],
    title: `A ${role} probes the other's address with sealed HEARTBEATs, each with a challenge of its own`,
    needs: "peer",
    run: async (world) => {
      const far = await world.call(role, { pathsAreSilent: true });
      const seen = new Set<unknown>();
      let mark = 0;
      for (let i = 0; i < 4; i++) {
        const heartbeat = await far.probed(far.path, mark);
        mark = far.log.entries.findIndex((heard) => heard.kind === "sealed" && heard.message === heartbeat) + 1;
        const { challenge, peer_id: peerId, session_id: sessionId } = heartbeat;
        world.require(/^[0-9a-f]{16}$/.test(String(challenge)), "a challenge of 16 hex digits", brief(challenge));
        world.require(!seen.has(challenge), "a challenge that was not used before", brief(challenge));
        seen.add(challenge);
        world.require(peerId === far.remotePeerId && sessionId === world.sessionId, "its own ids", brief(heartbeat));
      }
    },
  })),
  {
    id: "path/probe-all",
    requirements: ["ARC-PATH-probe-all"],
    title: "All addresses are probed at once, the public one and the local ones",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", {
        paths: 3,
        network: (info, [{ local }, ...others]) => ({
          ...info,
          public_ip: local.host,
          public_port: local.port,
          local: others.map((path) => ({ ip: path.local.host, port: path.local.port })),
        }),
      });
      for (const path of far.paths) path.isAnswering = false;
      const firsts = await Promise.all(far.paths.map((path) => far.probed(path, 0)));
      // None has been answered, so none has waited for another.
      world.require(firsts.length === 3, "three paths", `${firsts.length}`);
    },
  },
  {
    id: "path/one-port",
    requirements: ["ARC-PATH-one-port"],
    title: "Every path is probed, and media is sent, from one UDP port",
    needs: "peer",
    run: async (world) => {
      const ports = new Set<number>();
      const far = await world.call("caller", { paths: 3 });
      for (const path of far.paths) {
        await far.validate(path);
        ports.add(path.remote?.port ?? 0);
      }
      world.require(ports.size === 1, "one source port", [...ports].join(", "));
    },
  },
  {
    id: "path/probe-interval",
    requirements: ["ARC-PATH-probe-interval"],
    title: "An unanswered path is probed about every 50 ms at first, and ever more rarely after 500 ms",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { pathsAreSilent: true });
      await far.probed(far.path, 0);
      await world.pass(1700);
      const count = far.log.all(0, (heard) => isProbe(heard, far.path) || undefined).length;
      // Due are 10 in the first half second, then gaps of 100, 200, 400, ...; at 50 ms throughout there would be 34.
      world.require(count >= 5 && count <= 20, "about 14 probes in 1700 ms", `${count}`);
    },
  },
  ...ROLES.map((role): Case => ({
    id: `path/validated-only-${role}`,
    requirements: ["ARC-PATH-validated-only", "ARC-PATH-no-media-without-path"],
    title: `A ${role} sends nothing but HEARTBEATs to an address that has not answered`,
    needs: "peer",
    run: async (world) => {
      const far = await world.call(role, { pathsAreSilent: true });
      await far.probed(far.path, 0);
      await world.pass(400);
      const other = far.log.entries.find((heard) => heard.path === far.path && !isProbe(heard, far.path));
      world.require(other === undefined, "nothing but sealed HEARTBEATs", describe(other));
      far.path.isAnswering = true;
      await far.validate();
      await far.hears("media, once the path is valid", 0);
    },
  })),
  {
    id: "path/validated-by-own-challenge",
    requirements: ["ARC-PATH-validated-only"],
    title: "A sealed HEARTBEAT_ACK with another challenge validates nothing",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { pathsAreSilent: true });
      for (let i = 0; i < 3; i++) {
        const heartbeat = await far.probed(far.path, i);
        await far.path.send(far.seal({ ...far.heartbeatAck(heartbeat), challenge: "0123456789abcdef" }));
      }
      await hearsNoMedia(world, far);
    },
  },
  {
    id: "path/validated-by-own-path",
    requirements: ["ARC-PATH-validated-only"],
    title: "The answer to another path's challenge does not validate the path that it comes from",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { paths: 2, pathsAreSilent: true });
      const [first, second] = far.paths;
      const heartbeat = await far.probed(first, 0);
      await far.probed(second, 0);
      await second.send(far.seal(far.heartbeatAck(heartbeat)));
      await hearsNoMedia(world, far);
    },
  },
  {
    id: "path/validated-by-seal",
    requirements: ["ARC-PATH-validated-only", "ARC-SEAL-wrong-tag", "ARC-SEAL-clear-dropped"],
    title: "A HEARTBEAT_ACK with a wrong tag, or none, validates nothing",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { pathsAreSilent: true });
      const ack = far.heartbeatAck(await far.probed(far.path, 0));
      await far.path.send(withTurnedBit(far.seal(ack)));
      await far.path.line.say(ack);
      await hearsNoMedia(world, far);
    },
  },
  {
    id: "path/first-valid",
    requirements: ["ARC-PATH-first-valid"],
    title: "Media starts on the first path that is valid, whatever its place in the list",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee", { paths: 2, pathsAreSilent: true });
      const [, second] = far.paths;
      second.isAnswering = true;
      await far.validate(second);
      const heard = await far.log.find("media", 0, (one) => one.kind === "media" ? one : undefined);
      world.require(heard.path === second, `media on ${second.line.name}`, `media on ${heard.path?.line.name}`);
    },
  },
  {
    id: "path/new-address-answered",
    requirements: ["ARC-PATH-new-address"],
    title: "A sealed HEARTBEAT from an address that nobody named is answered there, and that address is probed",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const unknown = far.unnamedPath();
      await far.fence(unknown);
      await far.probed(unknown, 0);
    },
  },
  {
    id: "path/new-address-forged",
    requirements: ["ARC-PATH-new-address", "ARC-SEAL-wrong-tag", "ARC-SEAL-clear-dropped"],
    title: "An unknown address with a forged, a repeated or a plain HEARTBEAT gets no answer and is not probed",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const unknown = far.unnamedPath();
      const good = far.seal(far.heartbeat());
      await far.path.send(good);
      await far.fence();
      await unknown.send(good);
      await unknown.send(withTurnedBit(far.seal(far.heartbeat())));
      await unknown.line.say(far.heartbeat());
      await far.fence();
      await world.pass(150);
      const heard = far.log.entries.find(({ path }) => path === unknown);
      world.require(heard === undefined, "nothing to the unknown address", describe(heard));
    },
  },
  {
    id: "path/pending-limit",
    requirements: ["ARC-PATH-pending-limit"],
    title: "Of many addresses that a HEARTBEAT came from at most 4 are probed at a time",
    needs: "peer",
    run: async (world) => {
      const far = await world.call("callee");
      await far.validate();
      const unknown = Array.from({ length: 7 }, () => far.unnamedPath());
      for (const path of unknown) path.isAnswering = false;
      for (const path of unknown) await far.fence(path);
      await world.pass(200);
      const probed = unknown.filter((path) => far.log.entries.some((heard) => isProbe(heard, path))).length;
      world.require(probed >= 1 && probed <= 4, "1 to 4 addresses that are probed", `${probed}`);
    },
  },
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
];

export function isProbe(heard: Heard, path: FarPath): boolean {
  return heard.kind === "sealed" && heard.path === path && heard.message.type === "HEARTBEAT";
}

export function isMediaOn(heard: Heard, path: FarPath): true | undefined {
  return heard.kind === "media" && heard.path === path || undefined;
}

/** The next media packet that comes on the path. */
export async function mediaOn(far: FarPeer, path: FarPath, mark = far.log.mark): Promise<void> {
  await far.log.find(`media on ${path.line.name}`, mark, (heard) => isMediaOn(heard, path));
}

/** The path stays unproven: what was sent has been dealt with, and still there are HEARTBEATs only. */
async function hearsNoMedia(world: PeerWorld, far: FarPeer): Promise<void> {
  await far.fence();
  await world.pass(200);
  const other = far.log.entries.find((heard) => ["media", "early", "rtcp"].includes(heard.kind));
  world.require(other === undefined, "no media without a valid path", describe(other));
}

function describe(heard: Heard | undefined): string {
  return heard === undefined ? "nothing" : `${heard.kind} on ${heard.path?.line.name ?? "signaling"}`;
}
