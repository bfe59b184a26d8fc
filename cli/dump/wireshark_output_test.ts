import assert from "node:assert/strict";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";

Deno.test("dump --wireshark-plugin: to a file or to standard output, with what to do with it", async () => {
  const printed = await runArgs(["dump", "--wireshark-plugin"]);
  assert.equal(printed.exitCode, EXIT.ok);
  assert.match(printed.out, /^-- ArcRTC for Wireshark and tshark, made by arcrtc [^\n]+\n/);
  assert.match(printed.out, /^fields\["arcrtp.seq"\] = ProtoField\.uint16\("arcrtp\.seq", /m);
  assert.match(printed.err, /^the plugin for Wireshark\n.*\n {2}Linux, macOS {2}~\/\.local\/lib\/wireshark\/plugins/);
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/arcrtc.lua`;
    const written = await runArgs(["dump", "--wireshark-plugin", path, "--quiet"]);
    assert.deepEqual([written.exitCode, written.out, written.err], [EXIT.ok, "", ""]);
    assert.equal(await Deno.readTextFile(path), printed.out);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("dump --wireshark-plugin: does not take a capture for the plugin's file", async () => {
  const { exitCode, err } = await runArgs(["dump", "--wireshark-plugin", "fixtures/captures/call-tcp.pcap"]);
  assert.equal(exitCode, EXIT.usage);
  assert.match(err, /is no name for a plugin\nhint: Wireshark loads files that end in \.lua/);
});
