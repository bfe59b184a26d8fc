/**
 * Reading a capture of 100 MB beside tshark and tcpdump, whole programs with their start, in one run:
 * `deno bench -A lib/dissect`. The summary's factors are the ratios. Programs that are not installed are left out.
 *
 * The capture is a call: packets of 160 and of 1100 bytes of payload in turn, RTCP and a heartbeat now and then.
 */
import { concatBytes, utf8, writeU16, writeU32 } from "../base/bytes.ts";
import { SeededRng } from "../base/rng.ts";
import { pcapFile } from "./testing/capture_files.ts";
import { ethernet, hex, ipv4, udp } from "./testing/packets.ts";

const CAPTURE_BYTES = 100_000_000;
const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** One second of it, over and over with other sequence numbers. */
function writeCapture(path: string, bytes: number): void {
  const rng = new SeededRng(1);
  const media = [160, 1100].map((payloadBytes, i) => {
    const header = hex(i === 0 ? "806f0000 00000000 00001111 00000000" : "80620000 00000000 00002222 20000000");
    return ethernet(ipv4(udp(concatBytes(header, rng.fill(new Uint8Array(payloadBytes))))));
  });
  const rtcp = ethernet(ipv4(udp(hex("80c8000600001111 e8d5ab00 00000000 00000000 00000001 00000002"))));
  const heartbeat =
    '{"type":"HEARTBEAT","session_id":"00000000-0000-0000-0000-000000000000","sequence":1,"timestamp":2}';
  const others = [rtcp, ethernet(ipv4(udp(utf8(heartbeat))))];
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  let written = file.writeSync(pcapFile([]));
  for (let i = 0; written < bytes;) {
    const packets = Array.from({ length: 1000 }, () => {
      const packet = i % 100 === 99 ? others[Math.floor(i / 100) % 2] : media[i % 2].slice();
      if (i % 100 !== 99) {
        writeU16(packet, 44, i >>> 1);
        writeU32(packet, 46, (i >>> 1) * (i % 2 === 0 ? 960 : 3000));
      }
      return { bytes: packet, ns: 1_700_000_000_000_000_000n + BigInt(i++) * 1_000_000n };
    });
    const piece = pcapFile(packets).subarray(24);
    for (let at = 0; at < piece.length;) at += file.writeSync(piece.subarray(at));
    written += piece.length;
  }
}

function isThere(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

function runner(program: string, args: readonly string[]): () => void {
  return () => {
    const { code } = new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" }).outputSync();
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
  };
}

const capture = Deno.makeTempFileSync({ suffix: ".pcap" });
writeCapture(capture, CAPTURE_BYTES);
globalThis.addEventListener("unload", () => Deno.removeSync(capture));

const dump = (...args: string[]) =>
  runner(Deno.execPath(), ["run", "-A", "--no-check", "--config", CONFIG, MAIN, "dump", "--quiet", capture, ...args]);
const rounds = { n: 5, warmup: 1 };

const fields = "100 MB, four fields of each packet";
Deno.bench(
  "arcrtc dump --fields",
  { ...rounds, group: fields, baseline: true },
  dump("--fields", "packet,arcrtp.seq,arcrtp.timestamp,ssrc"),
);
if (isThere("tshark")) {
  const columns = ["frame.number", "rtp.seq", "rtp.timestamp", "rtp.ssrc"].flatMap((name) => ["-e", name]);
  const args = ["-r", capture, "-d", "udp.port==5000,rtp", "-T", "fields", ...columns];
  Deno.bench("tshark -T fields", { ...rounds, group: fields }, runner("tshark", args));
}

const lines = "100 MB, a line for each packet";
Deno.bench("arcrtc dump", { ...rounds, group: lines, baseline: true }, dump());
if (isThere("tcpdump")) {
  Deno.bench("tcpdump -r -n", { ...rounds, group: lines }, runner("tcpdump", ["-r", capture, "-n"]));
}

const filtered = "100 MB, filtered";
Deno.bench(
  "arcrtc dump --filter",
  { ...rounds, group: filtered, baseline: true },
  dump("--filter", "arcrtp.seq > 65000 && arcrtp.pt == 111"),
);
if (isThere("tshark")) {
  const args = ["-r", capture, "-d", "udp.port==5000,rtp", "-Y", "rtp.seq > 65000 && rtp.p_type == 111"];
  Deno.bench("tshark -Y", { ...rounds, group: filtered }, runner("tshark", args));
}
