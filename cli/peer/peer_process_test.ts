/** Two processes and a server: every codec, every signaling transport, and the files that come of it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { unwrap } from "../../lib/base/parsed.ts";
import { createCertificate } from "../../lib/net/certificate_create.ts";
import { openMedia } from "../../lib/media/container/open_media.ts";
import { readAllFrames } from "../../lib/media/container/media_reader.ts";
import { FFMPEG_ABSENT, probe } from "../../lib/media/container/testing/ffmpeg.ts";
import { FIXTURES_DIRECTORY } from "../../lib/media/container/testing/media_fixtures.ts";
import { openSink } from "./media_sink.ts";
import { openSource } from "./media_source.ts";
import { ArcrtcProcess, type Line } from "./testing/arcrtc_process.ts";

const SESSION = "6f1d3b0e-8a4c-4a52-9d0a-3f6e2b7c1d55";
const DAY_MS = 86_400_000;
/** Long fixtures are cut to so many frames: two seconds. */
const MOST_FRAMES = { video: 60, audio: 100 };

const FFMPEG_NAMES: Readonly<Record<string, string>> = {
  opus: "opus",
  aac: "aac",
  g722: "adpcm_g722",
  pcm: "pcm_s16le",
  vp9: "vp9",
  av1: "av1",
  h264: "h264",
  h265: "hevc",
};

/** The first two seconds of a fixture, as a file; answers its path. */
function shortened(file: string, directory: string): string {
  const source = openSource(fileURLToPath(new URL(file, FIXTURES_DIRECTORY)), { loop: false, seed: 1 });
  const { kind } = source.stream;
  Deno.mkdirSync(`${directory}/${file}`);
  const sink = openSink(`${directory}/${file}`, source.stream);
  for (let i = 0; i < MOST_FRAMES[kind]; i++) {
    const frame = source.next();
    if (frame !== undefined) sink.write(frame);
  }
  sink.close();
  source.close();
  return sink.path;
}

function framesOf(path: string): { codec: string; frames: { data: number[]; keyframe: boolean }[] } {
  const bytes = Deno.readFileSync(path);
  const reader = unwrap(openMedia(bytes, path));
  const frames = readAllFrames(reader, bytes).map(({ data, keyframe }) => ({ data: Array.from(data), keyframe }));
  assert.equal(reader.fault, undefined);
  return { codec: reader.stream?.codec ?? "", frames };
}

/** Runs `arcrtc serve` for the length of `body`. */
async function withServer(args: readonly string[], body: (listening: Line) => Promise<void>): Promise<void> {
  const server = new ArcrtcProcess(["serve", "--open", "--port", "0", "--json", ...args]);
  try {
    await body(await server.event("listening"));
    server.signal("SIGTERM");
    assert.equal((await server.end()).code, 0);
  } finally {
    await server.kill();
  }
}

interface Places {
  readonly directory: string;
  readonly media: (...files: string[]) => string[];
}

async function withPlaces(body: (places: Places) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync();
  try {
    const media = (...files: string[]) => files.flatMap((file) => ["--send", shortened(file, directory)]);
    await body({ directory, media });
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

interface Exchange {
  readonly name: string;
  readonly signal: string;
  readonly caller: readonly string[];
  readonly callee: readonly string[];
}

/** Runs a call whose sides both write what they receive, and checks every file against what was sent. */
async function exchange(places: Places, { name, signal, caller, callee }: Exchange): Promise<[Line[], Line[]]> {
  const outputs = ["caller", "callee"].map((side) => `${places.directory}/${name}-${side}`);
  const common = ["--signal", signal, "--session", SESSION, "--json"];
  const sides = [
    new ArcrtcProcess(["peer", "call", ...common, "--receive", outputs[0], ...caller]),
    new ArcrtcProcess(["peer", "listen", ...common, "--receive", outputs[1], ...callee]),
  ];
  try {
    const ends = await Promise.all(sides.map((side) => side.end()));
    for (const [i, { code, stderr, summary }] of ends.entries()) {
      assert.deepEqual([code, stderr], [0, ""], name);
      for (const line of sides[i].lines) assert.equal(line.schema, "arcrtc.peer/1", JSON.stringify(line));
      assert.deepEqual([summary.event, summary.exit_code], ["summary", 0]);
    }
    const sent = [caller, callee].map((args) => args.filter((_, i) => args[i - 1] === "--send"));
    ends.forEach(({ summary }, i) => checkReceived(name, summary, sent[1 - i]));
    return [sides[0].lines, sides[1].lines];
  } finally {
    await Promise.all(sides.map((side) => side.kill()));
  }
}

function checkReceived(name: string, summary: Line, sentPaths: readonly string[]): void {
  assert.equal(summary.received.length, sentPaths.length);
  for (const path of sentPaths) {
    const sent = framesOf(path);
    const received = summary.received.find(({ codec }: Line) => codec === sent.codec);
    const what = `${name}: ${sent.codec}`;
    assert.ok(received, what);
    assert.deepEqual([received.frames, received.frames_written], [sent.frames.length, sent.frames.length], what);
    assert.deepEqual(framesOf(received.file), sent, what);
    if (FFMPEG_ABSENT !== undefined) continue;
    const { stream } = probe(received.file);
    assert.equal(stream.codec_name, FFMPEG_NAMES[sent.codec], what);
    // PCM and G.722 have no frames of their own.
    if (sent.codec !== "pcm" && sent.codec !== "g722") {
      assert.equal(Number(stream.nb_read_frames), sent.frames.length, what);
    }
  }
}

const NOT_PROBED = FFMPEG_ABSENT === undefined ? "" : ` (without ffprobe: ${FFMPEG_ABSENT})`;

Deno.test(`processes: media over ws and tcp arrives as it was sent${NOT_PROBED}`, async () => {
  await withServer([], ({ urls }) =>
    withPlaces(async (places) => {
      const { media, directory } = places;
      const keylog = `${directory}/keys.log`;
      const pcap = `${directory}/call.pcapng`;
      await exchange(places, {
        name: "ws",
        signal: urls.phoenix,
        caller: media("vp9_320x180.ivf", "opus_48k_stereo.opus"),
        callee: media("h264_160x90.h264", "aac_48k_mono.aac"),
      });
      const [lines] = await exchange(places, {
        name: "tcp",
        signal: urls.stream,
        caller: [...media("av1_160x90.ivf"), "--rotate-every", "500ms", "--keylog", keylog, "--pcap", pcap],
        callee: [...media("pcm_16k_mono.wav"), "--cipher", "chacha20-poly1305", "--auth", "none"],
      });
      const { rotations, cipher, authentication, wire } = lines.at(-1);
      assert.ok(rotations >= 1, `${rotations} rotations`);
      assert.deepEqual([cipher, authentication], ["chacha20-poly1305", "none"]);
      checkKeyLog(keylog, rotations);
      checkCapture(pcap, wire.sent_packets + wire.received_packets);
    }));
});

Deno.test(`processes: media over wss and tls, with identities, arrives as it was sent${NOT_PROBED}`, async () => {
  await withPlaces(async (places) => {
    const { media, directory } = places;
    const now = Date.now();
    const validity = { notBeforeUnixMs: now - DAY_MS, notAfterUnixMs: now + DAY_MS };
    const ca = await createCertificate({ subject: "test CA", isCa: true, ...validity });
    const peerId = "0f0e0d0c-0b0a-4908-8706-050403020100";
    const caPath = `${directory}/ca.pem`;
    Deno.writeTextFileSync(caPath, ca.certificatePem);
    const issued = async (name: string, to: { hosts?: string[]; peerId?: string }) => {
      const made = await createCertificate({ subject: name, issuer: ca, ...to, ...validity });
      const paths = [`${directory}/${name}.pem`, `${directory}/${name}-key.pem`];
      Deno.writeTextFileSync(paths[0], made.certificatePem);
      Deno.writeTextFileSync(paths[1], made.privateKeyPem);
      return paths;
    };
    const [serverCertificate, serverKey] = await issued("server", { hosts: ["127.0.0.1"] });
    const [certificate, key] = await issued("callee", { peerId });
    await withServer(["--cert", serverCertificate, "--key", serverKey], async ({ urls, certificate_sha256 }) => {
      const pinned = ["--tls-pin", certificate_sha256];
      const [lines] = await exchange(places, {
        name: "wss",
        signal: urls.plain,
        caller: [...media("h265_160x90.h265"), "--reduced-header", "--tls-ca", caPath],
        callee: [...media("g722_16k_mono.g722"), "--reduced-header", ...pinned],
      });
      const up = lines.find(({ event }) => event === "signaling_up");
      assert.equal(up.server_certificate_sha256, certificate_sha256);
      const [callerLines] = await exchange(places, {
        name: "tls",
        signal: urls.stream,
        caller: [...media("vp9_160x90.ivf"), ...pinned, "--identity-ca", caPath],
        callee: [
          ...[...media("opus_48k_stereo.opus"), ...pinned, "--peer-id", peerId],
          ...["--identity", certificate, "--identity-key", key],
        ],
      });
      const { identity, identity_verified: isVerified, remote_peer_id: remote } = callerLines.at(-1);
      assert.deepEqual([identity, isVerified, remote], ["issued", true, peerId]);
    });
  });
});

function checkKeyLog(path: string, rotations: number): void {
  assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  const lines = Deno.readTextFileSync(path).trimEnd().split("\n").map((line) => line.split(" "));
  const of = (label: string) => lines.filter(([first]) => first === label);
  const masters = of("ARCRTC_MASTER");
  // The last rotation may still have been under way.
  assert.ok(masters.length === rotations + 1 || masters.length === rotations + 2, `${masters.length} epochs`);
  masters.forEach(([, sessionId, epoch, key, ...more], i) => {
    assert.deepEqual([sessionId, epoch, more], [SESSION, String(i), []]);
    assert.match(key, /^[0-9a-f]{64}$/);
  });
  assert.equal(new Set(masters.map(([, , , key]) => key)).size, masters.length);
  assert.deepEqual(of("ARCRTC_SUITE"), [["ARCRTC_SUITE", SESSION, "chacha20-poly1305", "none"]]);
  const streams = of("ARCRTC_STREAM").map((words) => JSON.parse(words.slice(3).join(" ")));
  assert.deepEqual(streams.map(({ stream_type }) => stream_type).sort(), ["audio", "video"]);
  for (const { stream_id, ssrc } of streams) assert.ok(typeof stream_id === "string" && typeof ssrc === "number");
  assert.equal(lines.length, masters.length + 3);
}

function checkCapture(path: string, packets: number): void {
  assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  let shown: string;
  try {
    const { stdout } = new Deno.Command("tshark", { args: ["-r", path, "-T", "fields", "-e", "udp.length"] })
      .outputSync();
    shown = new TextDecoder().decode(stdout);
  } catch {
    console.warn("ignored: the capture held against tshark, which cannot be run: apt-get install tshark");
    return;
  }
  const lengths = shown.trimEnd().split("\n");
  assert.ok(lengths.every((length) => Number(length) > 8));
  assert.equal(lengths.length, packets);
}

Deno.test("processes: Ctrl-C ends a call with its summary and 130; the other side ends well", async () => {
  await withServer([], ({ urls }) =>
    withPlaces(async ({ directory }) => {
      const env = { ARCRTC_SIGNAL: urls.plain, ARMORICORE_MASTER_KEY: "a test" };
      const common = ["--session", SESSION, "--json"];
      const keystore = ["--keystore", `${directory}/keys`];
      // A first run makes the identity that the second shows.
      const first = new ArcrtcProcess(["peer", "listen", ...common, ...keystore, "--wait", "1ms"], env);
      const { certificate_sha256: fingerprint, peer_id: peerId } = await first.event("started");
      assert.equal((await first.end()).code, 4);
      const listen = new ArcrtcProcess(["peer", "listen", ...common, ...keystore, "--receive", directory], env);
      const call = new ArcrtcProcess(["peer", "call", ...common, "--pin", fingerprint, "--send", "test:tone"], env);
      try {
        const { remote_peer_id, identity, identity_verified } = await call.event("connected");
        assert.deepEqual([remote_peer_id, identity, identity_verified], [peerId, "pinned", true]);
        await listen.event("stream_active");
        call.signal("SIGINT");
        const [ended, other] = await Promise.all([call.end(), listen.end()]);
        const { event, exit_code } = ended.summary;
        assert.deepEqual([ended.code, ended.stderr, event, exit_code], [130, "", "summary", 130]);
        assert.deepEqual([other.code, other.stderr], [0, ""]);
        assert.equal(other.summary.closed.by_peer, true);
        const { file, frames, frames_written } = other.summary.received[0];
        assert.equal(frames, frames_written);
        // Cut off or not, the file is whole.
        assert.equal(framesOf(file).frames.length, frames);
      } finally {
        await Promise.all([call.kill(), listen.kill()]);
      }
    }));
});
