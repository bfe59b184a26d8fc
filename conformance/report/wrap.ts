/** Long lines for people. */

/**
 * `text` in lines, the first of at most `first` characters and the others of `others`: broken behind a space or comma
 * where one is near, else anywhere.
 */
export function wrap(text: string, first: number, others: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  for (let width = first; rest.length > width; width = others) {
    const window = rest.slice(0, width);
    const at = Math.max(window.lastIndexOf(" "), window.lastIndexOf(",")) + 1;
    const cut = at > width / 2 ? at : width;
    lines.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut);
  }
  return [...lines, rest];
}
