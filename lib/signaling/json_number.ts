/** The numbers of JSON (RFC 8259 §6), found and read without a copy of their text where they are short integers. */

/** Digits that make an exact integer, one after the other. */
const MAX_EXACT_DIGITS = 15;

export function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function digitsEnd(text: string, at: number): number {
  while (isDigit(text.charCodeAt(at))) at++;
  return at;
}

/** Where the integer at `start` ends, its sign included; -1 where there is none. No digit may follow a leading 0. */
export function integerEnd(text: string, start: number): number {
  const at = text.charCodeAt(start) === 0x2d ? start + 1 : start;
  const first = text.charCodeAt(at);
  if (first === 0x30) return at + 1;
  return isDigit(first) ? digitsEnd(text, at) : -1;
}

/** Where the number ends whose integer ends at `end`: fraction and exponent are its own only where they are complete. */
export function numberEnd(text: string, end: number): number {
  if (text.charCodeAt(end) === 0x2e) {
    const fractionEnd = digitsEnd(text, end + 1);
    if (fractionEnd > end + 1) end = fractionEnd;
  }
  if ((text.charCodeAt(end) | 0x20) === 0x65) {
    const sign = text.charCodeAt(end + 1);
    const digits = sign === 0x2b || sign === 0x2d ? end + 2 : end + 1;
    const exponentEnd = digitsEnd(text, digits);
    if (exponentEnd > digits) end = exponentEnd;
  }
  return end;
}

/** The number that was found at `start..end`; `digitsOnly` where it has no sign, fraction or exponent. */
export function numberAt(text: string, start: number, end: number, digitsOnly: boolean): number {
  // + 0 turns -0 into 0: two spellings of one number must not give two values.
  if (!digitsOnly || end - start > MAX_EXACT_DIGITS) return Number(text.slice(start, end)) + 0;
  let number = 0;
  for (let i = start; i < end; i++) number = 10 * number + text.charCodeAt(i) - 0x30;
  return number;
}
