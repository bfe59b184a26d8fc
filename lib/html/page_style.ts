/**
 * How pages look: one column of cards, the reader's own fonts, dark where the reader's system is dark. Colours are named by
 * their part; text has a contrast of 4.5 to its ground or more, lines of charts 3 (WCAG 2.2, 1.4.3 and 1.4.11).
 */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --card: #ffffff; --edge: #dcdfe5; --grid: #e6e8ed;
  --text: #1b2130; --soft: #586174; --link: #2450c4;
  --tone1: #2f62d9; --tone2: #0d8577; --tone3: #9a5b00; --tone4: #7a5bc0; --alarm: #c22f2f;
  --shade1: #173b8f; --shade2: #3f74e3; --shade3: #86a9ee; --shade4: #98a1b1;
  --good-ground: #e3f4ea; --good: #14623a; --bad-ground: #fdeaea; --bad: #9c1f1f; --warn-ground: #fdf2dc; --warn: #7a4a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #11141b; --card: #1a1f29; --edge: #303745; --grid: #2a303d;
    --text: #e4e8f0; --soft: #a3adbf; --link: #8fb0ff;
    --tone1: #79a3ff; --tone2: #3fc2ae; --tone3: #e0a648; --tone4: #b79cf0; --alarm: #ff7d7d;
    --shade1: #cfdfff; --shade2: #79a3ff; --shade3: #4468b8; --shade4: #5c6678;
    --good-ground: #15301f; --good: #7fd6a2; --bad-ground: #3a1a1d; --bad: #ffa3a3; --warn-ground: #352811; --warn: #f0c474;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; }
main, header, footer { max-width: 78rem; margin: 0 auto; padding: 0 clamp(.75rem, 3vw, 2rem); }
header { padding-top: 2rem; }
footer { padding-top: 1rem; padding-bottom: 2.5rem; color: var(--soft); font-size: .85rem; }
h1 { font-size: clamp(1.35rem, 4vw, 1.8rem); line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .75rem; letter-spacing: -.01em; }
h3 { font-size: 1rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
p { margin: 0 0 .75rem; max-width: 75ch; }
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9em; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.kicker { color: var(--soft); font-size: .8rem; margin: 0 0 .35rem; letter-spacing: .04em; text-transform: uppercase; }
nav { margin: 1rem 0 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
nav a { padding: .2rem 0; }
.card > p:last-child { margin-bottom: 0; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 1rem 1.1rem; margin: 0 0 1rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(46%, 14rem), 1fr)); gap: .75rem 1.5rem; margin: 1.25rem 0 0; }
.facts div { min-width: 0; }
.facts dt { color: var(--soft); font-size: .8rem; }
.facts dd { margin: 0; font-size: 1.05rem; font-weight: 600; overflow-wrap: anywhere; }
.verdict { border-radius: 10px; padding: .7rem 1.1rem; margin: 1.25rem 0 0; font-weight: 600; max-width: none; }
.verdict.good { background: var(--good-ground); color: var(--good); }
.verdict.bad { background: var(--bad-ground); color: var(--bad); }
.badge { display: inline-block; border-radius: 5px; padding: 0 .45rem; font-size: .75rem; font-weight: 700; letter-spacing: .03em; vertical-align: .1em; }
.badge.bad { background: var(--bad-ground); color: var(--bad); }
.badge.warn { background: var(--warn-ground); color: var(--warn); }
blockquote { margin: .5rem 0; padding: .1rem 0 .1rem .85rem; border-left: 3px solid var(--edge); color: var(--soft); max-width: 80ch; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { padding: .32rem .7rem; border-bottom: 1px solid var(--grid); text-align: left; white-space: nowrap; vertical-align: top; }
th:first-child, td:first-child { padding-left: 0; }
thead th { color: var(--soft); font-weight: 600; font-size: .8rem; border-bottom-color: var(--edge); }
td.n, th.n { text-align: right; }
td.alarm { color: var(--alarm); font-weight: 650; }
details { margin-top: .75rem; }
summary { cursor: pointer; color: var(--link); padding: .15rem 0; }
details .scroll { max-height: 24rem; overflow-y: auto; margin-top: .4rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.1rem 1.5rem; margin-top: .9rem; }
figure { margin: 0; min-width: 0; }
figcaption { display: flex; justify-content: space-between; gap: .75rem; align-items: baseline; flex-wrap: wrap; font-size: .85rem; min-height: 1.5em; }
figcaption b { font-weight: 650; }
figcaption output { color: var(--soft); }
svg { display: block; max-width: 100%; height: auto; }
svg.wide { max-width: none; }
svg text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums; }
svg text.strong { fill: var(--text); font-weight: 600; }
svg .grid { stroke: var(--grid); fill: none; }
svg .base { stroke: var(--edge); fill: none; }
svg .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }
svg .cursor { stroke: var(--soft); visibility: hidden; }
svg.chart { cursor: crosshair; touch-action: pan-y; }
svg .halo { fill: var(--card); }
.tone1 { --tone: var(--tone1); } .tone2 { --tone: var(--tone2); } .tone3 { --tone: var(--tone3); } .tone4 { --tone: var(--tone4); }
.alarm { --tone: var(--alarm); }
.shade1 { --tone: var(--shade1); } .shade2 { --tone: var(--shade2); } .shade3 { --tone: var(--shade3); } .shade4 { --tone: var(--shade4); }
svg .line { stroke: var(--tone); } svg .bars, svg .dots { fill: var(--tone); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .1rem .9rem; margin: .15rem 0 0; padding: 0; font-size: .8rem; color: var(--soft); }
.legend li::before { content: ""; display: inline-block; width: .7em; height: .7em; border-radius: 2px; background: var(--tone); margin-right: .4em; }
@media print { body { background: none; } .card { break-inside: avoid; } details { display: none; } }
`;
