import assert from "node:assert/strict";
import { hasBrowser, NO_BROWSER, withPage } from "../../../lib/html/testing/browser.ts";
import { LEAST_CONTRAST } from "../../../lib/html/testing/contrast.ts";
import { HOSTILE, reportRun, STYLE } from "../testing.ts";
import { htmlReport } from "./html_report.ts";

const RUN = await reportRun();
const PAGE = htmlReport(RUN, STYLE);

Deno.test("report html: one file that names nothing outside of itself", () => {
  assert.match(PAGE, /^<!doctype html>/);
  assert.doesNotMatch(PAGE, /(?:src|href)="(?!#)|<link|<img|<iframe|url\(/);
});

Deno.test("report html: is bounded, however much is wrong", () => {
  const [table] = RUN.tables;
  const [failing] = table.results.filter(({ verdict }) => verdict === "fail");
  const transcript = Array.from({ length: 5000 }, () => failing.transcript[0]);
  const results = Array.from({ length: 1000 }, (_, i) => ({ ...failing, id: `a/case-${i}`, transcript }));
  const page = htmlReport({ ...RUN, tables: [{ ...table, results }] }, STYLE);
  assert.ok(page.length < 12_000_000, `${page.length} characters`);
  assert.match(page, /\.\.\. and 800 cases more/);
  assert.match(page, /entries are left out: --report json has them/);
});

Deno.test({
  name:
    `report html: in a browser: the clause, the bytes with the offending field marked, all fields, transcript${NO_BROWSER}`,
  ignore: !hasBrowser,
  async fn() {
    await withPage(PAGE, async ({ page, requests, errors }) => {
      assert.match(
        await page.locator(".verdict").first().textContent() ?? "",
        /^5 cases against it, and 1 stale entry, of 9/,
      );
      const card = page.locator("article[aria-label='a/fail-bytes']");
      assert.equal(await card.locator("blockquote b").first().textContent(), "MUST ARC-RTP-version");
      assert.equal(await card.locator("pre mark").textContent(), "80");
      assert.match(
        await card.locator(".marks").textContent() ?? "",
        /byte 13\s+Reserved flags \(arcrtp\.flags\.reserved\):\s+00 is due/,
      );
      const rows = await page.locator("article[aria-label='a/fail-accepted'] pre").first().textContent() ?? "";
      assert.equal(
        rows,
        `0000  a0 6f 03 e8 00 00 bb 80 12 34 56 78 00 00 00 00  .o.......4Vx....\n0010  aa bb 00${" ".repeat(41)}...\n`,
      );
      assert.ok(!await card.locator("figure table").isVisible());
      await card.getByText("All fields").click();
      assert.ok(await card.locator("figure table").getByText("arcrtp.timestamp").isVisible());
      await card.getByText("Transcript (1)").click();
      assert.match(await card.locator(".transcript li.wrong").textContent() ?? "", /^[\d.]+ ms only/);
      assert.deepEqual([requests, errors], [[], []]);
    });
  },
});

Deno.test({
  name: `report html: in a browser: figures stand in a table of their own, and not among what is wrong${NO_BROWSER}`,
  ignore: !hasBrowser,
  async fn() {
    await withPage(PAGE, async ({ page }) => {
      const rows = await page.evaluate(
        "[...document.querySelectorAll('#measures tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent))",
      ) as string[][];
      assert.deepEqual(rows.slice(0, 2), [
        ["delay p50b/measured", "0.457 ms", "1 ms", "within"],
        ["delay p99b/measured", "7.25 ms", "5 ms", "over"],
      ]);
      assert.equal(await page.locator("article[aria-label='b/measured']").count(), 0);
    });
  },
});

Deno.test({
  name: `report html: in a browser: verdicts and words filter cards and rows, by keys alone${NO_BROWSER}`,
  ignore: !hasBrowser,
  async fn() {
    await withPage(PAGE, async ({ page }) => {
      const shown = async () => ({
        cards: await page.locator("article:visible").count(),
        rows: await page.locator("tr[data-verdict]:visible").count(),
      });
      assert.deepEqual(await shown(), { cards: 7, rows: 12 });
      await page.keyboard.press("/");
      await page.keyboard.type("reserved flags 00800000");
      assert.deepEqual(await shown(), { cards: 1, rows: 0 });
      await page.keyboard.press("Escape");
      await page.keyboard.type("a/fail");
      assert.deepEqual(await shown(), { cards: 4, rows: 4 });
      assert.equal(await page.locator("output[name=shown]").textContent(), "4 of 12 cases");
      await page.keyboard.type(" nowhere");
      assert.deepEqual(await shown(), { cards: 0, rows: 0 });
      assert.ok(await page.getByText("None of these fits.").isVisible());
      await page.keyboard.press("Escape");
      // From the words to the first verdict, which is pass.
      await page.keyboard.press("Tab");
      await page.keyboard.press("Space");
      assert.deepEqual(await shown(), { cards: 7, rows: 10 });
    });
  },
});

Deno.test({
  name: `report html: in a browser: a phone's screen is wide enough; text has contrast, light and dark${NO_BROWSER}`,
  ignore: !hasBrowser,
  async fn() {
    await withPage(PAGE, async ({ page }) => {
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
  name: `report html: in a browser: what a testee says is text, never markup nor script${NO_BROWSER}`,
  ignore: !hasBrowser,
  async fn() {
    await withPage(PAGE, async ({ page, errors }) => {
      assert.match(await page.title(), /ArcRTC conformance report$/);
      assert.equal(await page.locator("main script, img").count(), 0);
      const got = await page.locator("article[aria-label='a/fail-hostile'] .got").first().textContent() ?? "";
      assert.ok(got.includes("<script>document.title=1</script>"), got);
      assert.ok(HOSTILE.includes("\x1b") && !got.includes("\x1b"));
      assert.deepEqual(errors, []);
    });
  },
});
