/** A loop without end, busy for as long as its process lives: only for processes that the test kills. */
export function spin(): never {
  for (;;);
}
