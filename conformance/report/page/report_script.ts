/** Filters cards and rows by verdict and words, without asking anybody; `/` goes to the words, Escape empties them. */
export const REPORT_SCRIPT = `
{
  const form = document.querySelector("form.filter");
  const items = [...document.querySelectorAll("[data-verdict]")].map((node) => ({ node, verdict: node.dataset.verdict, text: node.textContent.toLowerCase() }));
  const rows = items.filter(({ node }) => node.tagName === "TR");
  const boxes = [...form.elements.verdict];
  for (const box of boxes) {
    const count = rows.filter(({ verdict }) => verdict === box.value).length;
    box.parentElement.querySelector("output").textContent = count;
    box.parentElement.hidden = count === 0;
  }
  const filter = () => {
    const words = form.elements.text.value.toLowerCase().split(/\\s+/).filter((word) => word !== "");
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    for (const { node, verdict, text } of items) {
      node.hidden = !wanted.has(verdict) || !words.every((word) => text.includes(word));
    }
    const shown = rows.filter(({ node }) => !node.hidden).length;
    form.elements.shown.textContent = shown === rows.length ? "" : shown + " of " + rows.length + " cases";
    for (const note of document.querySelectorAll("[data-empty]")) {
      note.hidden = items.some(({ node }) => node.tagName.toLowerCase() === note.dataset.empty && !node.hidden);
    }
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    const field = form.elements.text;
    if (event.key === "/" && event.target.tagName !== "INPUT") { event.preventDefault(); field.focus(); }
    if (event.key === "Escape" && event.target === field) { field.value = ""; filter(); }
  });
  form.hidden = false;
  filter();
}
`;
