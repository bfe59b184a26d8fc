/** The looks of what only this page has. */
export const REPORT_STYLE = `
.badge { min-width: 3.2em; text-align: center; }
.badge.good { background: var(--good-ground); color: var(--good); }
.badge.calm { background: var(--grid); color: var(--text); }
td.words { white-space: normal; min-width: 16rem; }
.case h3 { display: flex; flex-wrap: wrap; gap: .35rem .6rem; align-items: baseline; }
.case h3 code { font-size: 1rem; }
.case:target { border-color: var(--link); }
.breach { border-top: 1px solid var(--grid); margin-top: .8rem; padding-top: .8rem; }
.breach dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem .9rem; margin: 0 0 .6rem; }
.breach dt { color: var(--soft); font-size: .85rem; padding-top: .1rem; }
.breach dd { margin: 0; overflow-wrap: anywhere; }
.got { color: var(--bad); }
pre { margin: .4rem 0; font: .85rem/1.7 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre.why { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 16rem; overflow-y: auto; }
.bytes { margin-top: .6rem; }
mark { background: var(--bad-ground); color: var(--bad); border-radius: 3px; font-weight: 700; box-shadow: 0 0 0 2px var(--bad-ground); }
mark.end { box-shadow: inset 0 -2px 0 var(--bad); }
.marks { list-style: none; margin: .3rem 0 0; padding: 0; font-size: .9rem; }
.marks li { margin: .25rem 0; overflow-wrap: anywhere; }
.transcript { margin: .5rem 0; padding: 0; list-style: none; font-size: .87rem; max-height: 28rem; overflow-y: auto; }
.transcript li { padding: .35rem 0 .35rem .6rem; border-left: 3px solid var(--grid); margin-bottom: .3rem; overflow-wrap: anywhere; }
.transcript li.wrong { border-left-color: var(--alarm); }
.transcript time { color: var(--soft); display: inline-block; min-width: 5.5em; }
.filter { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; margin: 0 0 1rem; }
.filter[hidden], .filter label[hidden], [data-verdict][hidden] { display: none; }
.filter fieldset { border: 0; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: .15rem .9rem; }
.filter legend { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.filter label { display: inline-flex; gap: .35rem; align-items: center; }
.filter label output { color: var(--soft); font-size: .85rem; }
.filter input[type="search"] { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--edge); border-radius: 6px; padding: .35rem .6rem; width: min(20rem, 60vw); }
.filter input[type="checkbox"] { accent-color: var(--link); width: 1.05em; height: 1.05em; margin: 0; }
`;
