import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { writeU16, writeU32 } from "../../base/bytes.ts";
import { SeededRng } from "../../base/rng.ts";
import { BACKENDS } from "../../crypto/testing/backends.ts";
import { EXAMPLES } from "../../signaling/examples.ts";
import type { Message } from "../../signaling/messages/registry.ts";
import { writeMessage } from "../../signaling/parse_message.ts";
import { CallLadder } from "../analysis/call_ladder.ts";
import { CaptureReader } from "../capture/capture_reader.ts";
import { CaptureChecker } from "../check/checker.ts";
import { MediaExport } from "../export/media_export.ts";
import { SessionSecrets } from "../keys/session_secrets.ts";
import { UnitOpener } from "../keys/unit_opener.ts";
import { SessionRegistry } from "../model/session_registry.ts";
import { UnitModeller } from "../model/unit_modeller.ts";
import { CaptureRedactor } from "../redact/capture_redactor.ts";
import { Pseudonyms } from "../redact/pseudonyms.ts";
import { PacketDissector } from "../units/packet_dissector.ts";
import { PacketSelection } from "../units/packet_selection.ts";
import { pcapFile, PcapngBlocks } from "./capture_files.ts";
import { madeCaptures } from "./made_captures.ts";
import { ethernet, ipv4, tcp, udp } from "./packets.ts";
import { text } from "./streams.ts";

const MB = 1_000_000;

/** Everything that dump can make of a capture, all at once. */
class Everything {
  readonly checker = new CaptureChecker();
  readonly ladder = new CallLadder();
  readonly media = new MediaExport({ frame: () => {} });
  readonly redactor = new CaptureRedactor(new Pseudonyms(new SeededRng(1)));
  readonly selection = new PacketSelection();
  readonly secrets = new SessionSecrets(() => BACKENDS[0]);
  readonly modeller = new UnitModeller(new SessionRegistry(), new UnitOpener(this.secrets));
  readonly dissector: PacketDissector;
  readonly reader = new CaptureReader();
  units = 0;
  lastS = 0;

  /** `rewrites`: redacts and chooses packets too, which takes its time. */
  constructor(readonly rewrites = true) {
    this.secrets.add(EXAMPLES.CONNECT.full.session_id, 0, new Uint8Array(32));
    this.dissector = new PacketDissector({
      unit: (unit) => {
        const model = this.modeller.handle(unit);
        this.units++;
        this.lastS = model.timeS;
        this.checker.handle(model);
        this.ladder.handle(model);
        this.media.unit(model);
        if (!rewrites) return;
        this.redactor.unit(model);
        this.selection.choose(unit);
      },
      note: () => {},
    });
  }

  feed(bytes: Uint8Array): void {
    const { reader } = this;
    reader.feed(bytes);
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      if (event !== "frame") continue;
      this.dissector.handle(reader.frame);
      if (!this.rewrites) continue;
      this.redactor.frame(reader.frame);
      this.selection.seen(reader.frame);
    }
  }

  end(): this {
    this.reader.end();
    this.feed(new Uint8Array(0));
    this.dissector.end();
    this.redactor.end();
    this.checker.end();
    this.media.end(this.lastS);
    this.ladder.calls(this.modeller.registry);
    return this;
  }
}

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** Of this isolate, what is still reachable. */
function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Feeds as many records as told, each made from the last by `change`, and answers what is then held. */
function flood(
  packet: Uint8Array,
  count: number,
  change: (packet: Uint8Array, i: number) => void,
  all = new Everything(),
): { readonly all: Everything; readonly heldMb: number } {
  const file = pcapFile([{ bytes: packet }]);
  const record = file.slice(24);
  const before = usedBytes();
  all.feed(file.subarray(0, 24));
  const chunk = new Uint8Array(record.length * 1000);
  for (let i = 0; i < count;) {
    for (let j = 0; j < 1000; j++, i++) {
      writeU32(record, 0, Math.floor(i / 1000));
      change(record.subarray(16), i);
      chunk.set(record, j * record.length);
    }
    all.feed(chunk);
  }
  return { all, heldMb: (usedBytes() - before) / MB };
}

/** Fifteen times as many as the largest tables hold: 200 bytes kept of each would double what is held. */
const STREAMS = 250_000;

Deno.test("hostile captures: a quarter of a million streams and conversations, all analyses at once, in bounded memory", () => {
  const media = new Uint8Array(32);
  media[0] = 0x80;
  media[1] = 111;
  const { all, heldMb } = flood(ethernet(ipv4(udp(media))), STREAMS, (packet, i) => {
    packet.set([10, i >>> 16, i >>> 8, i], 26);
    writeU16(packet, 34, i & 0xffff);
    writeU32(packet, 50, i);
  }, new Everything(false));
  console.log(`${STREAMS} streams: ${heldMb.toFixed(0)} MB held`);
  all.end();
  assert.equal(all.units, STREAMS);
  assert.ok(heldMb < 100, `${heldMb} MB`);
  assert.ok(all.ladder.table.untracked > 0, "streams beyond the table are counted");
});

Deno.test("hostile captures: thousands of sessions that announce and ask, in bounded memory", () => {
  const start = { ...EXAMPLES.STREAM_START.full, roc: undefined };
  const heartbeat = { ...EXAMPLES.HEARTBEAT.full, token: undefined };
  for (const message of [EXAMPLES.CONNECT.minimal, start, heartbeat, EXAMPLES.KEY_ROTATE.full] as Message[]) {
    const json = text(writeMessage(message));
    const id = new TextDecoder().decode(json).indexOf(EXAMPLES.CONNECT.full.session_id);
    assert.ok(id > 0);
    const { all, heldMb } = flood(ethernet(ipv4(udp(json))), 6_000, (packet, i) => {
      packet.set(text(i.toString(16).padStart(8, "0")), 42 + id);
      writeU16(packet, 34, i & 0xffff);
    });
    console.log(`6,000 sessions of ${message.type}: ${heldMb.toFixed(0)} MB held`);
    assert.ok(heldMb < 250, `${message.type}: ${heldMb} MB`);
    assert.equal(all.end().units, 6_000);
  }
});

Deno.test("hostile captures: connections that begin and never go on, and frames that never end, in bounded memory", () => {
  // A framed length of 65535, and then as little of it as there can be.
  const { all, heldMb } = flood(
    ethernet(ipv4(tcp(Uint8Array.of(0xff, 0xff, 0x7b, 0x22, 0x61), { seq: 1000, toPort: 7481 }), { protocol: 6 })),
    40_000,
    (packet, i) => {
      packet.set([10, i >>> 16, i >>> 8, i], 26);
      writeU16(packet, 34, i & 0xffff);
    },
  );
  assert.ok(heldMb < 150, `${heldMb} MB`);
  all.end();
  assert.equal(all.dissector.heldBytes, 0);
});

Deno.test("hostile captures: lengths that promise gigabytes cost nothing and are named, in every field that has one", () => {
  const b = new PcapngBlocks();
  const good = b.packet({ bytes: ethernet(ipv4(udp(text(writeMessage(EXAMPLES.ACK.full))))) });
  const start = [b.section(), b.interface(1), good];
  const word = (value: number) => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
  const bombs: [string, Uint8Array][] = [
    ["a block of 4 GB", new Uint8Array([...word(6), ...word(0xffff_fffc), ...new Uint8Array(40)])],
    ["a packet of 4 GB in a small block", b.block(6, word(0), word(0), word(0), word(0xffff_ffff), word(0xffff_ffff))],
    ["secrets of 4 GB in a small block", b.secrets(0x4172634b, text("x"), 0xffff_ffff)],
    ["an option of 64 KB in a small block", b.block(1, word(1), word(0), Uint8Array.of(9, 0, 0xff, 0xff))],
  ];
  for (const [what, bomb] of bombs) {
    const before = usedBytes();
    const all = new Everything();
    let notes = 0;
    for (const piece of [...start, bomb, good]) {
      all.reader.feed(piece);
      for (let event = all.reader.next(); event !== undefined; event = all.reader.next()) {
        if (event === "note") notes++;
        if (event === "frame") all.dissector.handle(all.reader.frame);
      }
    }
    all.reader.end();
    while (all.reader.next() === "note") notes++;
    all.end();
    assert.ok(all.units >= 1, what);
    if (!what.startsWith("an option")) assert.ok(notes > 0 || all.reader.fault !== undefined, what);
    assert.ok(usedBytes() - before < 20 * MB, what);
  }
});

Deno.test("hostile captures: every made-up capture cut at every byte, and with any byte changed, is read to an end", () => {
  const rng = new SeededRng(11);
  for (const [path, whole] of madeCaptures()) {
    // Large ones are many of the same.
    const file = whole.subarray(0, 2500);
    const complete = readUnits(file);
    for (let length = 0; length < file.length; length += 7) {
      // What is whole in front of the cut is there.
      assert.ok(readUnits(file.subarray(0, length)) <= complete, path);
    }
    for (let round = 0; round < 60; round++) {
      const damaged = file.slice();
      for (let i = 0; i < 4; i++) damaged[rng.u32() % damaged.length] ^= 1 << (rng.u32() & 7);
      readUnits(damaged);
    }
  }
});

function readUnits(file: Uint8Array): number {
  const all = new Everything();
  all.feed(file);
  return all.end().units;
}
