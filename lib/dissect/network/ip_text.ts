/** IP addresses as text: dotted decimal, and RFC 5952 for IPv6. */
import { readU16 } from "../../base/bytes.ts";

/** The IPv4 address at `at`. */
export function ipv4Text(b: Uint8Array, at: number): string {
  return `${b[at]}.${b[at + 1]}.${b[at + 2]}.${b[at + 3]}`;
}

/** The IPv6 address at `at`; `::ffff:a.b.c.d` where IPv4 is inside. */
export function ipv6Text(b: Uint8Array, at: number): string {
  const words = Array.from({ length: 8 }, (_, i) => readU16(b, at + 2 * i));
  const isMapped = words[5] === 0xffff && words.slice(0, 5).every((word) => word === 0);
  if (isMapped) return `::ffff:${ipv4Text(b, at + 12)}`;
  const gap = longestZeros(words);
  const text = (from: number, to: number) => words.slice(from, to).map((word) => word.toString(16)).join(":");
  return gap === undefined ? text(0, 8) : `${text(0, gap.from)}::${text(gap.to, 8)}`;
}

/** The first of the longest runs of two zero words or more. */
function longestZeros(words: readonly number[]): { readonly from: number; readonly to: number } | undefined {
  let best: { readonly from: number; readonly to: number } | undefined;
  for (let from = 0; from < words.length; from++) {
    let to = from;
    while (to < words.length && words[to] === 0) to++;
    if (to - from >= 2 && to - from > (best === undefined ? 0 : best.to - best.from)) best = { from, to };
  }
  return best;
}
