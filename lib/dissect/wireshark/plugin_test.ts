import assert from "node:assert/strict";
import { toHex } from "../../base/bytes.ts";
import { below, SeededRng } from "../../base/rng.ts";
import { UnitKind } from "../../packet/demux.ts";
import { type FieldNode, leavesOf } from "../../packet/field_node.ts";
import { readBits } from "../../packet/field_spec.ts";
import { ARCRTP_FIELDS } from "../../packet/field_table.ts";
import { CaptureReader } from "../capture/capture_reader.ts";
import { type CatalogField, FIELD_CATALOG } from "../filter/field_catalog.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { UnitModeller } from "../model/unit_modeller.ts";
import { EXAMPLES } from "../../signaling/examples.ts";
import { writeMessage } from "../../signaling/parse_message.ts";
import { absent } from "../testing/absent.ts";
import { pcapFile } from "../testing/capture_files.ts";
import { readCapture } from "../testing/made_captures.ts";
import { ethernet, hex, ipv4, udp } from "../testing/packets.ts";
import { sealedText } from "../testing/scene.ts";
import { text } from "../testing/streams.ts";
import { PacketDissector } from "../units/packet_dissector.ts";
import { maskOf, wiresharkName } from "./lua_fields.ts";
import { lua } from "./lua_text.ts";
import { wiresharkPlugin } from "./plugin.ts";

const TSHARK_ABSENT = absent("tshark");
const IGNORED = TSHARK_ABSENT === undefined ? "" : ` (ignored: ${TSHARK_ABSENT})`;

Deno.test("wireshark: masks select a field's bits out of the bytes that it touches", () => {
  for (const { name, type, bitOffset, bitWidth } of ARCRTP_FIELDS) {
    if (type === "bytes") continue;
    const first = bitOffset >>> 3;
    const bytes = Math.floor((bitOffset + bitWidth + 7) / 8) - first;
    const mask = Number(maskOf(bitOffset, bitWidth, bytes) ?? 2 ** (8 * bytes) - 1);
    for (const fill of [0xff, 0xa5, 0x5a, 0x12]) {
      const packet = new Uint8Array(first + bytes).fill(fill);
      const whole = packet.subarray(first).reduce((value, byte) => value * 256 + byte, 0);
      const low = mask & -mask;
      const read = low === 0 ? whole : Number((BigInt(whole) & BigInt(mask)) / BigInt(low >>> 0));
      assert.equal(read, readBits(packet, bitOffset, bitWidth), name);
    }
  }
});

Deno.test("wireshark: values as Lua writes them", () => {
  assert.equal(
    lua({ a: 1, b: undefined, "c.d": [true, 'q"\\\n'] }),
    '{ a = 1, ["c.d"] = { true, "q\\034\\092\\010" } }',
  );
});

/** Fields that both know, in their order. */
const FIELDS: readonly CatalogField[] = [...FIELD_CATALOG.values()].filter(({ name, access }) =>
  /^(?:arcrtp|arcsrtp|arcsrtcp|arcsig|seal)\./.test(name) && !(access.kind === "nodes" && access.name !== name) ||
  ["rtcp.version", "rtcp.p", "rtcp.count", "rtcp.pt", "rtcp.length", "rtcp.ssrc"].includes(name)
);

function valueText(value: FieldNode["value"]): string {
  if (value instanceof Uint8Array) return toHex(value);
  return typeof value === "boolean" ? String(Number(value)) : String(value);
}

function ownValues({ access }: CatalogField, unit: UnitModel): string[] {
  if (access.kind === "number") {
    const value = access.read(unit);
    return Number.isNaN(value) ? [] : [String(value)];
  }
  if (access.kind === "text") return [];
  const leaves = [...leavesOf(unit.nodes)];
  return leaves.flatMap(({ name, value }) => name === access.name && value !== undefined ? [valueText(value)] : []);
}

/** What we read, by packet and field; undefined for packets with what the plugin leaves to others, or what is malformed. */
function ownReading(file: Uint8Array): Map<number, Map<string, string[]> | undefined> {
  const packets = new Map<number, Map<string, string[]> | undefined>();
  const modeller = new UnitModeller();
  const dissector = new PacketDissector({
    unit(unit) {
      const model = modeller.handle(unit);
      const { packet, kind, transport } = unit;
      const isOther = model.dialect !== "arcrtc-1.0" && kind !== UnitKind.rtcp && unit.envelope?.kind !== "phoenix";
      if (isOther || transport === "nats" || model.fault !== undefined || unit.cutBytes > 0) {
        packets.set(packet, undefined);
        return;
      }
      const known = packets.has(packet) ? packets.get(packet) : new Map<string, string[]>();
      packets.set(packet, known);
      for (const field of FIELDS) {
        const values = ownValues(field, model);
        if (values.length > 0) known?.set(field.name, [...known.get(field.name) ?? [], ...values]);
      }
    },
    note: () => {},
  });
  const reader = new CaptureReader();
  reader.feed(file);
  for (let event = reader.next(); event !== undefined; event = reader.next()) {
    if (event === "frame") dissector.handle(reader.frame);
  }
  dissector.end();
  return packets;
}

/** What tshark reads with the plugin, by packet and field. */
function tsharkReading(
  path: string,
  plugin: string,
  flags: readonly string[] = [],
): Map<number, Map<string, string[]>> {
  const columns = ["frame.number", ...FIELDS.map(({ name }) => wiresharkName(name))];
  const { stdout, stderr, success } = new Deno.Command("tshark", {
    args: [
      ...[
        "-X",
        `lua_script:${plugin}`,
        "-r",
        path,
        "-T",
        "fields",
        "-E",
        "aggregator=;",
        "-E",
        "occurrence=a",
        ...flags,
      ],
      ...columns.flatMap((name) => ["-e", name]),
    ],
    env: { HOME: "/nonexistent" },
  }).outputSync();
  const errors = new TextDecoder().decode(stderr).split("\n").filter((line) =>
    line !== "" && !/Running as user/.test(line)
  );
  // Of a damaged file it shows what is before the damage, and complains; anything about Lua is ours.
  assert.ok(success || path.includes("/broken/"), errors.join("\n"));
  assert.deepEqual(errors.filter((line) => /lua/i.test(line)), []);
  const rows = new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) => line.split("\t"));
  return new Map(rows.map(([number, ...cells]) => {
    const entries = cells.flatMap((cell, i) => cell === "" ? [] : [[FIELDS[i].name, cell.split(";")] as const]);
    return [Number(number), new Map(entries)];
  }));
}

/** Numbers without their base, double or not; booleans as 0 and 1. */
function normal(text: string): string {
  if (/^0x[0-9a-f]{1,8}$/.test(text) || /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text)) return String(Number(text));
  return { True: "1", False: "0" }[text] ?? text;
}

/**
 * Not here: WebSockets without their handshake and streams with holes, which Wireshark does not find its way back into; NATS,
 * the engine's dialect and plain RTP, which are not the plugin's.
 */
const CAPTURES: readonly (readonly [path: string, leastPackets: number])[] = [
  ["call-phoenix.pcapng", 300],
  ["call-tcp.pcap", 150],
  ["call-tls.pcap", 100],
  ["call-rotation.pcapng", 200],
  ["call-relay.pcap", 400],
  ["call-tcp-path.pcap", 60],
  ["call-tcp-relay.pcap", 80],
  ["relayed-caller.pcapng", 400],
  ["relayed-callee.pcapng", 400],
  ["made/layers.pcapng", 6],
  ["broken/cut-short.pcap", 1],
];

/** The plugin as a file while `use` runs. */
function withPlugin(use: (plugin: string) => void): void {
  const plugin = Deno.makeTempFileSync({ suffix: ".lua" });
  try {
    Deno.writeTextFileSync(plugin, wiresharkPlugin("0.0.0"));
    use(plugin);
  } finally {
    Deno.removeSync(plugin);
  }
}

/** Holds what tshark reads with the plugin to what we read; answers how many packets were compared. */
function compare(path: string, plugin: string, flags: readonly string[]): number {
  const theirs = tsharkReading(`fixtures/captures/${path}`, plugin, flags);
  let compared = 0;
  for (const [packet, fields] of ownReading(readCapture(path))) {
    if (fields === undefined) continue;
    compared++;
    for (const { name } of FIELDS) {
      const mine: readonly string[] = fields.get(name) ?? [];
      const other: readonly string[] = theirs.get(packet)?.get(name) ?? [];
      assert.deepEqual(other.map(normal), mine.map(normal), `${path} packet ${packet}: ${name} ${flags}`);
    }
  }
  return compared;
}

for (const [path, leastPackets] of CAPTURES) {
  Deno.test({
    name: `wireshark: tshark reads ${path} with the plugin as we do${IGNORED}`,
    ignore: TSHARK_ABSENT !== undefined,
    fn() {
      withPlugin((plugin) => {
        // Once through, and with a second pass over what the first has told, as the window does.
        for (const flags of [[], ["-2"]]) {
          const compared = compare(path, plugin, flags);
          assert.ok(compared >= leastPackets, `${compared} packets compared`);
        }
      });
    },
  });
}

Deno.test({
  name: `wireshark: plain RTP is left to others, packet by packet${IGNORED}`,
  ignore: TSHARK_ABSENT !== undefined,
  fn() {
    withPlugin((plugin) => {
      const theirs = tsharkReading("fixtures/captures/made/plain-rtp.pcap", plugin);
      const taken = [...theirs.values()].filter((fields) => fields.size > 0).length;
      assert.ok(theirs.size === 60 && taken <= 6, `${taken} of ${theirs.size} packets taken`);
    });
  },
});

Deno.test({
  name: `wireshark: no unit whatever, cut or damaged, is an error of the plugin${IGNORED}`,
  ignore: TSHARK_ABSENT !== undefined,
  fn() {
    const rng = new SeededRng(11);
    const samples = [...messageSamples(), ...packetSamples()];
    const units = samples.flatMap((sample) => [
      sample,
      ...Array.from({ length: 12 }, () => sample.slice(0, below(rng, sample.length + 1))),
      ...Array.from({ length: 12 }, () => {
        const damaged = sample.slice();
        for (let i = 0; i < 3; i++) damaged[below(rng, damaged.length)] = below(rng, 256);
        return damaged;
      }),
    ]);
    const over = (port: number) =>
      units.map((unit) => ({ bytes: ethernet(ipv4(udp(unit, { fromPort: 5000, toPort: port }))) }));
    // At a relay's port everything is the plugin's; elsewhere it has to be found.
    const file = pcapFile([...over(3478), ...over(6000)]);
    withPlugin((plugin) => {
      const path = Deno.makeTempFileSync({ suffix: ".pcap" });
      try {
        Deno.writeFileSync(path, file);
        const { stdout, success } = new Deno.Command("tshark", {
          args: ["-X", `lua_script:${plugin}`, "-r", path, "-O", "arcrtc,lua"],
          env: { HOME: "/nonexistent" },
        }).outputSync();
        const shown = new TextDecoder().decode(stdout);
        assert.ok(success);
        assert.deepEqual(shown.split("\n").filter((line) => /lua error/i.test(line)), []);
        assert.ok((shown.match(/^ArcRTC$/gm)?.length ?? 0) > units.length);
      } finally {
        Deno.removeSync(path);
      }
    });
  },
});

function messageSamples(): Uint8Array[] {
  return [EXAMPLES.CONNECT.full, EXAMPLES.STREAM_START.full, EXAMPLES.METRICS.full, EXAMPLES.ERROR.full].flatMap(
    (message) => [text(writeMessage(message)), sealedText(message)],
  );
}

function packetSamples(): Uint8Array[] {
  const header = "906f0001000003e800000003bede0002321234560200010000000000";
  return [
    hex(`${header}${"11".repeat(40)}`),
    hex(`826f0001000003e800000003${"00000009".repeat(2)}00020000ff${"22".repeat(40)}`),
    hex(`d10700ff${"33".repeat(40)}`),
    hex(`80c8000600000007${"00".repeat(20)}81ca000300000007010361626300000000`),
    hex(`80c9000100000007${"44".repeat(24)}80000005${"55".repeat(10)}`),
  ];
}
