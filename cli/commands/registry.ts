import type { CommandEntry } from "./command_entry.ts";

/** Every subcommand, in the order that help lists them. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "demo",
    summary: "show a whole call on this machine: a server and two peers, every frame compared",
    permissions: "--allow-net --allow-read --allow-env --allow-sys",
    load: () => import("./demo.ts"),
  },
  {
    name: "peer",
    summary: "be one end of a call: send media files, write what is received",
    permissions: "--allow-net --allow-read --allow-write --allow-env --allow-sys",
    nativePermissions: "--allow-ffi",
    runsUntilStopped: true,
    load: () => import("./peer.ts"),
  },
  {
    name: "serve",
    summary: "be the signaling server where peers meet: WebSocket (Phoenix or plain), TCP, TLS",
    permissions: "--allow-net --allow-read --allow-env",
    runsUntilStopped: true,
    load: () => import("./serve.ts"),
  },
  {
    name: "ping",
    summary: "measure the way to a server, to or through a relay, and audit the answers",
    permissions: "--allow-net --allow-read --allow-env --allow-sys",
    nativePermissions: "--allow-ffi",
    runsUntilStopped: true,
    load: () => import("./ping.ts"),
  },
  {
    name: "load",
    summary: "put a relay or a signaling server under load: latency and loss of each priority",
    permissions: "--allow-net --allow-read --allow-env --allow-sys",
    nativePermissions: "--allow-ffi",
    runsUntilStopped: true,
    load: () => import("./load.ts"),
  },
  {
    name: "relay",
    summary: "be a relay for peers that cannot reach each other: UDP, TCP, TLS",
    permissions: "--allow-net --allow-read --allow-env",
    nativePermissions: "--allow-ffi",
    runsUntilStopped: true,
    load: () => import("./relay.ts"),
  },
  {
    name: "dump",
    summary: "show the ArcRTC traffic of a capture: signaling and media, filtered, followed, as text, JSON or CSV",
    permissions: "--allow-net --allow-read --allow-write --allow-env",
    load: () => import("./dump.ts"),
  },
  {
    name: "fuzz",
    summary: "feed malformed input to parsers, machines, programs and servers; keep and shrink what breaks them",
    permissions: "--allow-net --allow-read --allow-write --allow-env --allow-run --allow-sys",
    runsUntilStopped: true,
    load: () => import("./fuzz.ts"),
  },
  {
    name: "decode",
    summary: "show one packet or message as a field tree with bit offsets",
    permissions: "--allow-read --allow-env",
    load: () => import("./decode.ts"),
  },
  {
    name: "encode",
    summary: "turn the JSON form of a packet or message into bytes",
    permissions: "--allow-read --allow-env",
    load: () => import("./encode.ts"),
  },
  {
    name: "conformance",
    summary: "test an implementation against the specification, rule by rule, with a verdict for each",
    permissions: "--allow-net --allow-read --allow-write --allow-env --allow-run",
    load: () => import("./conformance.ts"),
  },
  {
    name: "testee",
    summary: "drive this library over JSON lines (the interface of the conformance suite)",
    permissions: "--allow-read --allow-env",
    load: () => import("./testee.ts"),
  },
  {
    name: "explain",
    summary: "say what an exit code, an error code, a fault reason or a requirement id means",
    permissions: "--allow-read --allow-env",
    load: () => import("./explain.ts"),
  },
];
