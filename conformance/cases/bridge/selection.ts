/** SPEC clause 11.3: which protocol a client gets. */
import type { Case } from "../../case.ts";
import { answers, refuses } from "../../expect.ts";

const OP = "bridge.select";
const EITHER = [false, true] as const;

/** Every client that has a protocol at all, and what it gets. */
const CLIENTS = EITHER.flatMap((supports_arcrtc) =>
  EITHER.flatMap((supports_webrtc) =>
    EITHER.map((native_platform) => ({ supports_arcrtc, supports_webrtc, native_platform }))
  )
).filter(({ supports_arcrtc, supports_webrtc }) => supports_arcrtc || supports_webrtc);

function nameOf(client: object): string {
  return Object.entries(client).filter(([, has]) => has).map(([name]) => name).join(", ") || "nothing";
}

export const CASES: readonly Case[] = [
  {
    id: "bridge/select",
    requirements: ["ARC-BRIDGE-select"],
    title: "A native client with ArcRTC gets it, otherwise one with WebRTC gets that, otherwise hybrid",
    needs: "ops",
    checks: () =>
      CLIENTS.map((client) => ({
        name: nameOf(client),
        request: { op: OP, ...client },
        ...answers({
          protocol: client.supports_arcrtc && client.native_platform
            ? "arcrtc"
            : client.supports_webrtc
            ? "webrtc"
            : "hybrid",
        }),
      })),
  },
  {
    id: "bridge/select-none",
    requirements: ["ARC-BRIDGE-select-none"],
    title: "A client with neither protocol gets an error, whatever platform it is on",
    needs: "ops",
    checks: () =>
      EITHER.map((native_platform) => ({
        name: native_platform ? "a native platform" : "a browser",
        request: { op: OP, supports_arcrtc: false, supports_webrtc: false, native_platform },
        ...refuses(),
      })),
  },
];
