/** A real browser for tests of pages: Debian's chromium without a window, its profile in a directory of its own. */
import { type BrowserContext, chromium, type Page } from "playwright-core";

const PATH = "/usr/bin/chromium";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const hasBrowser = isFile(PATH);

/** For a test's name where it is ignored. */
export const NO_BROWSER = hasBrowser ? "" : ` (ignored: no ${PATH})`;

export interface OpenPage {
  readonly page: Page;
  /** What the page asked of anybody else, and what went wrong in it. */
  readonly requests: string[];
  readonly errors: string[];
}

/** Opens `text` as a file and hands it to `use`. */
export async function withPage(text: string, use: (open: OpenPage) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "arcrtc-page-" });
  let browser: BrowserContext | undefined;
  try {
    const path = `${directory}/page.html`;
    await Deno.writeTextFile(path, text);
    browser = await chromium.launchPersistentContext(`${directory}/profile`, {
      executablePath: PATH,
      headless: true,
      args: FLAGS,
      viewport: { width: 1280, height: 900 },
    });
    const page = await browser.newPage();
    const requests: string[] = [];
    const errors: string[] = [];
    page.on("request", (request) => {
      if (request.url() !== `file://${path}`) requests.push(request.url());
    });
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    await page.goto(`file://${path}`);
    await use({ page, requests, errors });
  } finally {
    await browser?.close();
    await Deno.remove(directory, { recursive: true });
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
