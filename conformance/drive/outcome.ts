/** How a dialogue ends where it does not simply return. */

/** The testee broke the rule of the case. */
export class Breach extends Error {
  readonly expected: string;
  readonly got: string;

  constructor(expected: string, got: string) {
    super(`expected ${expected}, got ${got}`);
    this.expected = expected;
    this.got = got;
  }
}

/** The case cannot be run against this testee. */
export class Skip extends Error {}
