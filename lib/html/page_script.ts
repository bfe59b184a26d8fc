/**
 * What pages do besides standing there: the pointer (or the arrow keys) over a chart reads out the values of that moment, in
 * all charts of the same table. The values are those of the table; without the script the page lacks nothing else.
 */
export const PAGE_SCRIPT = `
"use strict";
for (const svg of document.querySelectorAll("svg.chart")) {
  const { table, columns, from, to, left, right } = svg.dataset;
  const [t0, t1, x0, x1] = [from, to, left, right].map(Number);
  let rows;
  const load = () => rows ??= [...document.getElementById(table).tBodies[0].rows];
  const group = () => [...document.querySelectorAll("svg.chart")].filter((other) => other.dataset.table === table);
  let at = -1;
  const show = (row) => {
    at = Math.max(0, Math.min(load().length - 1, row));
    for (const other of group()) other.dispatchEvent(new CustomEvent("moment", { detail: at }));
  };
  const hide = () => { for (const other of group()) other.dispatchEvent(new CustomEvent("moment", { detail: -1 })); };
  const cursor = svg.querySelector(".cursor");
  const readout = svg.parentElement.querySelector("output");
  const resting = readout.textContent;
  svg.addEventListener("moment", ({ detail }) => {
    at = detail;
    cursor.style.visibility = at < 0 ? "hidden" : "visible";
    if (at < 0) return readout.textContent = resting;
    const cells = load()[at].cells;
    const heads = document.getElementById(table).tHead.rows[0].cells;
    const list = columns.split(",").map(Number);
    const texts = list.map((i) => (list.length > 1 ? heads[i].textContent + " " : "") + cells[i].textContent);
    readout.textContent = cells[0].textContent + " s: " + texts.join(", ") + (list.length > 1 ? "" : svg.dataset.unit);
    const x = x0 + (Number(load()[at].dataset.at) - t0) / (t1 - t0) * (x1 - x0);
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
  });
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    const time = t0 + (x - x0) / (x1 - x0) * (t1 - t0);
    let best = 0;
    load().forEach((row, i) => {
      if (Math.abs(Number(row.dataset.at) - time) < Math.abs(Number(rows[best].dataset.at) - time)) best = i;
    });
    show(best);
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    show(at + step);
  });
}
`;
