import assert from "node:assert/strict";
import type { RelayReport } from "../relay/relay_health_state.ts";
import { fetchText } from "./fetch_text.ts";
import { RelayReports } from "./relay_reports.ts";

/** A page that is what the test wants it to be. */
async function withPage(
  answer: () => Response | Promise<Response>,
  test: (url: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => answer());
  try {
    await test(`http://127.0.0.1:${server.addr.port}/metrics`);
  } finally {
    await server.shutdown();
  }
}

Deno.test("ARC-RELAY-status: a relay's load is asked for again and again; a report that is not to be had is believed for a while, and its loss told once", async () => {
  const pages = [
    () => new Response("arcrtc_relay_load 0.5\n"),
    () => new Response("no", { status: 500 }),
    () => new Response("not found"),
    () => new Response("arcrtc_relay_load 0.7\narcrtc_relay_draining 1\n"),
    ...Array.from({ length: 5 }, () => () => new Response("arcrtc_relay_load 2")),
    () => new Response("arcrtc_relay_load 0.1\n"),
  ];
  const told: (RelayReport | string | undefined)[] = [];
  await withPage(() => (pages.shift() ?? (() => new Response("arcrtc_relay_load 0.1\n")))(), async (url) => {
    let done: () => void = () => {};
    const finished = new Promise<void>((resolve) => done = resolve);
    const events = {
      reported(relay: number, report: RelayReport | undefined) {
        assert.equal(relay, 1);
        told.push(report);
        if (report?.load === 0.1) done();
      },
      failed: (_relay: number, message: string) => told.push(message),
    };
    const reports = new RelayReports([undefined, url], events, 5);
    reports.start();
    await finished;
    await reports.close();
  });
  assert.deepEqual(told.slice(0, 5), [
    { load: 0.5, isDraining: false },
    { load: 0.7, isDraining: true },
    undefined,
    "Cannot parse relay metrics: need arcrtc_relay_load in 0..1, got 2",
    { load: 0.1, isDraining: false },
  ]);
});

Deno.test("closing does not wait for a page that hangs, and nothing is told afterwards", async () => {
  let asked: () => void = () => {};
  let release: () => void = () => {};
  const isAsked = new Promise<void>((resolve) => asked = resolve);
  const hanging = new Promise<Response>((resolve) => release = () => resolve(new Response("")));
  await withPage(() => {
    asked();
    return hanging;
  }, async (url) => {
    const reports = new RelayReports([url], { reported: () => assert.fail(), failed: () => assert.fail() });
    reports.start();
    await isAsked;
    await reports.close();
    release();
  });
});

Deno.test("a text is fetched within its bounds", async () => {
  await withPage(() => new Response("aé".repeat(10)), async (url) => {
    assert.equal(await fetchText(url, { maxBytes: 30, timeoutMs: 4000 }), "aé".repeat(10));
    await assert.rejects(fetchText(url, { maxBytes: 29, timeoutMs: 4000 }), /longer than 29 bytes/);
  });
  await withPage(() => new Response("", { status: 404 }), async (url) => {
    await assert.rejects(fetchText(url, { maxBytes: 10, timeoutMs: 4000 }), /it answers 404/);
  });
  let gone = "";
  await withPage(() => new Response(""), (url) => Promise.resolve(void (gone = url)));
  await assert.rejects(fetchText(gone, { maxBytes: 10, timeoutMs: 4000 }), /refused/);
});
