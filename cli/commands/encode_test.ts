import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { EXAMPLES } from "../../lib/signaling/examples.ts";
import { engineCases, freshTestee } from "../../conformance/testee/testing.ts";
import { EXIT } from "../exit_codes.ts";
import { runArgs, runLine } from "../testing/run_line.ts";

const encode = (document: unknown, ...args: string[]) =>
  runArgs(["encode", typeof document === "string" ? document : JSON.stringify(document), ...args]);

const PACKET = {
  header: { payload_type: 111, sequence_number: 1, timestamp: 2, ssrc: 3 },
  arc: { quality: 0, priority: 0 },
  payload: "4869",
};
const HEX = "806f00010000000200000003000000004869";
const PLI = { type: "pli", sender_ssrc: 1, media_ssrc: 2 };

/** `decode --json | encode` of one unit. */
async function thereAndBack(hex: string, ...decodeArgs: string[]): Promise<string> {
  const decoded = await runArgs(["decode", "--json", hex, ...decodeArgs]);
  assert.equal(decoded.exitCode, EXIT.ok, `${hex}\n${decoded.out}`);
  const encoded = await runArgs(["encode"], decoded.out);
  assert.equal(encoded.exitCode, EXIT.ok, encoded.err);
  return encoded.out.trimEnd();
}

Deno.test("encode: each kind of document", async () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [PACKET, HEX],
    [{ packet: PACKET }, HEX],
    [{ ...PACKET, arc: null }, "806f000100000002000000034869"],
    [{ packets: [PLI] }, "81ce00020000000100000002"],
    [[PLI], "81ce00020000000100000002"],
    [
      { marker: true, priority: 1, context_id: 2, sequence_number_low: 3, timestamp_low: 4, payload: "aa" },
      "ea030004aa",
    ],
    [EXAMPLES.ERROR.minimal, Buffer.from(JSON.stringify(EXAMPLES.ERROR.minimal)).toString("hex")],
    [{ message: EXAMPLES.ACK.minimal }, Buffer.from(JSON.stringify(EXAMPLES.ACK.minimal)).toString("hex")],
  ];
  for (const [document, hex] of cases) {
    const { exitCode, out, err } = await encode(document);
    assert.deepEqual({ exitCode, out, err }, { exitCode: EXIT.ok, out: `${hex}\n`, err: "" });
  }
});

Deno.test("encode: --base64, --binary, --framed and --json", async () => {
  assert.equal((await encode(PACKET, "--base64")).out, `${Buffer.from(HEX, "hex").toString("base64")}\n`);
  assert.equal(Buffer.from((await encode(PACKET, "--binary")).outBytes).toString("hex"), HEX);
  assert.equal((await encode(PACKET, "--framed")).out, `0012${HEX}\n`);
  const two = await runArgs(["encode", JSON.stringify(PACKET), JSON.stringify([PLI]), "--framed", "--binary"]);
  assert.equal(Buffer.from(two.outBytes).toString("hex"), `0012${HEX}000c81ce00020000000100000002`);
  assert.deepEqual(JSON.parse((await encode(PACKET, "--json")).out), {
    schema: "arcrtc.encode/1",
    units: [{ kind: "arcrtp", bytes: 18, hex: HEX }],
  });
  const both = await encode(PACKET, "--binary", "--json");
  assert.deepEqual([both.exitCode, both.out], [EXIT.usage, ""]);
});

Deno.test("encode: what is wrong is named with its JSON path, and nothing is written", async () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ["{", /argument 1 is not JSON/],
    [7, /\$ must be an object/],
    [{}, /\$ must have header and payload, packets, or a message's type/],
    [{ header: {} }, /\$\.header\.payload_type must be a number/],
    [{ ...PACKET, arc: { quality: 9 } }, /\$\.arc\.quality must be an integer in 0\.\.3/],
    [{ packet: { ...PACKET, payload: "x" } }, /\$\.packet\.payload must be hex/],
    [{ ...PACKET, header: { ...PACKET.header, payload_type: 72 } }, /at \$\.header\.payload_type \(bad_value\)/],
    [[{ ...PLI, media_ssrc: -1 }], /\$\.packets\[0\]\.media_ssrc.*\(bad_value\)/],
    [{ ...EXAMPLES.ACK.minimal, timestamp: "now" }, /\$\.timestamp.*\(bad_type\)/],
    [{ type: "NOTHING" }, /\$\.type.*\(unknown_type\)/],
  ];
  for (const [document, message] of cases) {
    const { exitCode, out, err } = await encode(document);
    assert.deepEqual([exitCode, out], [EXIT.finding, ""], JSON.stringify(document));
    assert.match(err, message);
  }
  const second = await runArgs(["encode"], `${JSON.stringify(PACKET)}\n\n${JSON.stringify({ header: 1 })}\n`);
  assert.equal(second.out, "", "all or nothing");
  assert.match(second.err, /^error: line 3 of input: \$\.header must be an object/);
});

Deno.test("encode: --kind and --dialect, where the document does not say", async () => {
  const engine = { ...PACKET, header: { ...PACKET.header, payload_type: 72 } };
  assert.equal((await encode(engine, "--dialect", "armoricore")).out, `${HEX.replace("6f", "48")}\n`);
  assert.equal((await encode(PACKET, "--kind", "rtp")).out, "806f000100000002000000034869\n");
  const noArc = await encode({ ...PACKET, arc: null }, "--kind", "arcrtp");
  assert.match(noArc.err, /\$\.arc must be an object/);
});

Deno.test("encode: nothing to encode is not a success", async () => {
  assert.equal((await runArgs(["encode"], "\n")).exitCode, EXIT.nothingSelected);
});

Deno.test("encode: what decode found malformed is refused", async () => {
  const { exitCode, err } = await runLine("arcrtc decode --json 806f | arcrtc encode");
  assert.equal(exitCode, EXIT.finding);
  assert.match(err, /\$\.fault: decode found the unit malformed/);
});

Deno.test("decode --json | encode: the same bytes of ArcRTP, plain RTP and reduced packets", async () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  const u16 = fc.nat(0xffff);
  const u32 = fc.nat(0xffff_ffff);
  const packet = fc.record({
    header: fc.record({
      csrc: fc.array(u32, { maxLength: 3 }),
      marker: fc.boolean(),
      payload_type: fc.nat(63),
      sequence_number: u16,
      timestamp: u32,
      ssrc: u32,
      extension_header: fc.option(
        fc.record({ profile: fc.constantFrom(0xbede, 0x1000), data: fc.constant("10aabb00") }),
      ),
    }),
    arc: fc.option(fc.record({
      quality: fc.nat(3),
      priority: fc.nat(3),
      key_phase: fc.nat(3),
      bandwidth_kbps: fc.option(u16),
      loss_tenths: fc.option(fc.nat(255)),
    })),
    payload: fc.uint8Array({ maxLength: 20 }).map(hex),
  });
  const testee = freshTestee();
  await fc.assert(
    fc.asyncProperty(packet, async (fields) => {
      const { ok } = testee.answer({ id: 1, op: "rtp.write", ...fields }) as { ok: { hex: string } };
      const dialect = fields.arc === null ? "rtp" : "arcrtc-1.0";
      assert.equal(await thereAndBack(ok.hex, "--dialect", dialect), ok.hex);
    }),
    { seed: 31, numRuns: 60 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 4, maxLength: 12 }), async (bytes) => {
      bytes[0] |= 0xc0;
      assert.equal(await thereAndBack(hex(bytes)), hex(bytes));
    }),
    { seed: 32, numRuns: 40 },
  );
  assert.equal(
    await thereAndBack("a06f000100000002000000030000000048690002"),
    "a06f000100000002000000030000000048690002",
  );
});

Deno.test("decode --json | encode: the same bytes of RTCP and messages in both dialects", async () => {
  for (const { id, wire } of engineCases<{ id: string; wire?: string }>("rtcp")) {
    if (wire !== undefined && /^rr_\d+$/.test(id)) assert.equal(await thereAndBack(wire), wire, id);
  }
  for (const { minimal, full } of Object.values(EXAMPLES)) {
    for (const message of [minimal, full]) {
      const hex = Buffer.from(JSON.stringify(message)).toString("hex");
      assert.equal(await thereAndBack(hex), hex, message.type);
    }
  }
  for (const { id, json } of engineCases<{ id: string; json: string }>("signaling_serialize")) {
    const hex = Buffer.from(json).toString("hex");
    assert.equal(await thereAndBack(hex), hex, id);
  }
  for (const { id, wire } of engineCases<{ id: string; wire: string }>("arcrtp_serialize").slice(0, 30)) {
    assert.equal(await thereAndBack(wire, "--dialect", "armoricore"), wire, id);
  }
});

Deno.test("decode --json | encode: a seal is left out, and it is said", async () => {
  const request = {
    op: "seal.protect",
    master_key: "00".repeat(32),
    peer_id: "x",
    json: JSON.stringify(EXAMPLES.ACK.minimal),
  };
  const { ok } = freshTestee().answer({ id: 1, ...request }) as { ok: { hex: string } };
  const { out, err } = await runLine(`arcrtc decode --json ${ok.hex} | arcrtc encode`);
  assert.equal(out.trimEnd(), ok.hex.slice(0, -46));
  assert.match(err, /^note: input: the seal is left out/);
});
