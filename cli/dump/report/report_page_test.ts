import assert from "node:assert/strict";
import { pcapFile } from "../../../lib/dissect/testing/capture_files.ts";
import { ethernet, ipv4, udp } from "../../../lib/dissect/testing/packets.ts";
import { text } from "../../../lib/dissect/testing/streams.ts";
import { writeArcRtp } from "../../../lib/packet/arcrtp.ts";
import { EXAMPLES } from "../../../lib/signaling/examples.ts";
import { writeMessage } from "../../../lib/signaling/parse_message.ts";
import { EXIT } from "../../exit_codes.ts";
import { hasBrowser, NO_BROWSER, withPage } from "../../../lib/html/testing/browser.ts";
import { LEAST_CONTRAST } from "../../../lib/html/testing/contrast.ts";
import { runArgs } from "../../testing/run_line.ts";

const CALL = "fixtures/captures/relayed-callee.pcapng";
const MALFORMED = "fixtures/captures/broken/malformed-units.pcap";

/** The page of a capture, and how the command went. */
async function report(capture: string, { flags = [], input }: {
  readonly flags?: readonly string[];
  readonly input?: Uint8Array;
} = {}) {
  const path = await Deno.makeTempFile({ suffix: ".html" });
  try {
    const ran = await runArgs(["dump", capture, "--report", path, ...flags], input);
    return { ...ran, path, page: await Deno.readTextFile(path) };
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("dump --report: writes the page and says so; with --check also what it found, and its exit code", async () => {
  const call = await report(CALL);
  assert.deepEqual([call.exitCode, call.out], [EXIT.ok, ""]);
  assert.match(call.err, /wrote .*\.html: 0 findings, \d+ kB\n/);
  assert.doesNotMatch(call.page, /(?:https?:)?\/\/(?!.*\/\/)[a-z]+\.[a-z]+\/|<link|<img|<iframe/);
  const broken = await report(MALFORMED, { flags: ["--check"] });
  assert.equal(broken.exitCode, EXIT.finding);
  assert.match(broken.out, /^MUST {3}ARC-RTP-minimum-length/);
  assert.match(broken.page, /<code>ARC-RTP-minimum-length<\/code>/);
});

Deno.test("dump --report: refuses a file that cannot be written, and a part of the capture", async () => {
  const { exitCode, err } = await runArgs(["dump", CALL, "--report", "fixtures/none/page.html"]);
  assert.equal(exitCode, EXIT.usage);
  assert.match(err, /cannot write fixtures\/none\/page\.html/);
  assert.equal((await report(CALL, { flags: ["--filter", "ssrc"] })).exitCode, EXIT.usage);
  assert.equal((await runArgs(["dump", CALL, "--check", "--report", "-"])).exitCode, EXIT.usage);
  assert.match((await runArgs(["dump", CALL, "--report", CALL])).err, /would write over the capture/);
  const whole = await runArgs(["dump", CALL, "--report", "-"]);
  assert.match(whole.out, /^<!doctype html>/);
  assert.equal(whole.err, "");
});

Deno.test({
  name: `dump --report: in a browser: plots, ladder, tables, values under the pointer and by keys${NO_BROWSER}`,
  ignore: !hasBrowser,
  async fn() {
    const { page: whole } = await report(CALL);
    await withPage(whole, async ({ page, requests, errors }) => {
      assert.equal(await page.locator("h1").textContent(), "relayed-callee.pcapng");
      const plots = page.locator("#plots article");
      assert.ok(await plots.count() >= 3);
      const first = plots.first();
      assert.equal(await first.locator("svg.chart").count(), 6);
      for (const chart of await first.locator("svg.chart").all()) {
        const box = await chart.boundingBox();
        assert.ok(box !== null && box.width > 250 && box.height > 90);
      }
      for (const title of ["Bit rate", "Missing packets", "Interarrival jitter", "Rung", "Packets by priority"]) {
        assert.ok(await first.getByText(title, { exact: true }).isVisible(), title);
      }
      // The pointer: all charts of the stream read out the same moment, out of the table.
      const rate = first.locator("figure").first();
      const resting = await rate.locator("output").textContent();
      assert.match(resting ?? "", /^mean [\d.]+ kbit\/s$/);
      await rate.locator("svg").hover({ position: { x: 200, y: 50 } });
      const [time, value] = /^([\d.]+) s: ([\d.]+) kbit\/s$/.exec(await rate.locator("output").textContent() ?? "")
        ?.slice(1) ?? [];
      const row = first.locator("tbody tr").filter({ has: page.locator("td:first-child", { hasText: time }) }).first();
      assert.equal(await row.locator("td").nth(1).textContent(), value);
      const others = await first.locator("output").allTextContents();
      assert.ok(others.slice(0, 5).every((other) => other.startsWith(`${time} s: `)), others.join("; "));
      await page.mouse.move(0, 0);
      assert.equal(await rate.locator("output").textContent(), resting);
      await rate.locator("svg").focus();
      await page.keyboard.press("Home");
      const begin = await rate.locator("output").textContent();
      await page.keyboard.press("ArrowRight");
      assert.notEqual(await rate.locator("output").textContent(), begin);
      // The table behind the plots.
      assert.ok(!await first.locator("table").isVisible());
      await first.locator("summary").click();
      assert.ok(await first.locator("table").isVisible());
      assert.ok(await page.locator("#calls svg").getByText("CONNECT_ACK", { exact: true }).isVisible());
      assert.ok(await page.locator("#round-trips svg.chart").count() >= 2);
      assert.deepEqual([requests, errors], [[], []]);
    });
  },
});

Deno.test({
  name:
    `dump --report: in a browser: on a phone nothing is wider than the screen; text has contrast, light and dark${NO_BROWSER}`,
  ignore: !hasBrowser,
  async fn() {
    const { page: whole } = await report(MALFORMED);
    await withPage(whole, async ({ page }) => {
      await page.setViewportSize({ width: 360, height: 740 });
      assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const worst = await page.evaluate(LEAST_CONTRAST) as number;
        assert.ok(worst >= 4.5, `${colorScheme}: a text has a contrast of ${worst}`);
      }
    });
  },
});

Deno.test({
  name: `dump --report: in a browser: what a capture says is text, never markup nor script${NO_BROWSER}`,
  ignore: !hasBrowser,
  async fn() {
    const code = "<script>document.title=1</script>";
    const message = {
      ...EXAMPLES.ERROR.full,
      session_id: EXAMPLES.CONNECT.minimal.session_id,
      code: code.slice(0, 32),
    };
    const unknown = text('{"type":"<img src=x onerror=document.title=2>","timestamp":1}');
    const packets = [text(writeMessage(message)), unknown].map((unit) => ({ bytes: ethernet(ipv4(udp(unit))) }));
    const directory = await Deno.makeTempDir();
    try {
      // Its name is the title.
      const path = `${directory}/<svg onload=document.title=3>.pcap`;
      await Deno.writeFile(path, pcapFile(packets));
      const { page: whole } = await report(path);
      await withPage(whole, async ({ page, errors }) => {
        assert.equal(await page.title(), "<svg onload=document.title=3>.pcap - ArcRTC capture report");
        assert.ok(await page.locator("#calls svg").getByText(code.slice(0, 32), { exact: true }).isVisible());
        assert.ok(await page.locator("#findings").getByText("<img src=x onerror").first().isVisible());
        assert.equal(await page.locator("img, main script").count(), 0);
        assert.deepEqual(errors, []);
        // Even markup that got in would not run: the policy lets only the page's own script.
        await page.evaluate(
          "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=4\">')",
        );
        await page.waitForFunction("document.images[0].complete");
        assert.match(await page.title(), /capture report$/);
      });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test("dump --report: a long capture makes no long page", async () => {
  const packets = Array.from({ length: 20_000 }, (_, i) => {
    const bytes = new Uint8Array(40);
    writeArcRtp(
      {
        payloadType: 111,
        sequenceNumber: i & 0xffff,
        timestamp: (960 * i) >>> 0,
        ssrc: i % 40 === 0 ? i : 7,
        quality: 0,
        priority: 0,
        keyPhase: 0,
        payload: bytes.subarray(0, 20),
      },
      bytes,
      0,
    );
    return { bytes: ethernet(ipv4(udp(bytes))), ns: BigInt(i) * 1_000_000_000n };
  });
  const { page, exitCode } = await report("-", { input: pcapFile(packets) });
  assert.equal(exitCode, EXIT.ok);
  assert.ok(page.length < 1_500_000, `${page.length} bytes`);
  assert.match(page, /Plots are made of 32 streams/);
  assert.match(page, /\.\.\. and \d+ more: arcrtc dump --streams --json has them/);
});
