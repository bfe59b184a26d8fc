/** SPEC clause 7.1: finding a path. */
import type { Case } from "../../case.ts";
import { withTurnedBit } from "../../drive/far/far_stream.ts";
import type { PeerRole } from "../../drive/peer_source.ts";
import { brief } from "../../expect.ts";
import { describe, hearsNoMedia, isProbe } from "./watching.ts";

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
];
