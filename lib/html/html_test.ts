import assert from "node:assert/strict";
import fc from "fast-check";
import { dataTable } from "./data_table.ts";
import { escapeHtml, html } from "./html.ts";
import { factList, page } from "./page.ts";

Deno.test("html: whatever is put into a template comes out as text", () => {
  const evil = `<script>alert("1")</script> & 'x'`;
  assert.equal(
    html`<p title="${evil}">${[evil, html`<b>${1}</b>`, undefined, false]}</p>`.text,
    '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;">' +
      "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;<b>1</b></p>",
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const escaped = escapeHtml(text);
    assert.doesNotMatch(escaped, /[<>"']/);
    assert.doesNotMatch(escaped, /&(?!(amp|lt|gt|quot|#39);)/);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(escaped, /[\x00-\x1f\u202e]/);
  }));
});

Deno.test("html: a page names nothing outside of itself, and lets only its own style and script run", () => {
  const text = page({
    title: "<t>",
    kicker: "test",
    head: factList([["a", "<b>"]]),
    sections: [{ id: "one", heading: "One", body: dataTable({ caption: "<c>", columns: [], rows: [] }) }],
    footer: html`end`,
  });
  assert.match(text, /^<!doctype html>\s*<html lang="en">/);
  assert.match(text, /default-src 'none'; style-src 'sha256-[\w+/=]{44}'; script-src 'sha256-[\w+/=]{44}'/);
  assert.doesNotMatch(text, /https?:|src=|url\(|@import|<t>|<c>/);
  assert.match(text, /<title>&lt;t&gt; - test<\/title>/);
});
