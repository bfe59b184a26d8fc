/** What is fuzzed outside of this process: a program or a server. */
import type { CaseSpec, FuzzCase } from "../../../lib/fuzz/target.ts";
import type { Dispute } from "../finding_files.ts";

export interface RemoteTarget extends CaseSpec {
  /** For people and findings: where the other side is. */
  readonly where: { readonly address?: string; readonly command?: string; readonly against?: string };
  /** Where two programs are held against each other. */
  readonly sides?: Sides;
  /**
   * Runs one case against the other side and looks whether it still lives.
   *
   * @throws Breach when it does not, or when an answer breaks a rule; CliError when it was never there.
   */
  run(units: FuzzCase): Promise<string>;
  /**
   * Looks at what cases have left behind; asked after each that is no further try of another.
   *
   * @throws Breach
   */
  leftBehind?(): void;
  /** What each of two programs says to a case; undefined where it is no question. */
  tell?(units: FuzzCase): Promise<Dispute | undefined>;
  close(): Promise<void>;
}

/** Two programs that are held against each other. */
export interface Sides {
  readonly a: Side;
  readonly b: Side;
}

export interface Side {
  readonly command: string;
  /** What it calls itself. */
  readonly title: string;
  /** Operations that only this one has, so that nobody is asked. */
  readonly onlyOps: readonly string[];
  /** Questions that only this one could answer so far. */
  readonly onlyAnswers: number;
}

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
