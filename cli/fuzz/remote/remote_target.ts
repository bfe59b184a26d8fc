/** What is fuzzed outside of this process: a program or a server. */
import type { CaseSpec, FuzzCase } from "../../../lib/fuzz/target.ts";

export interface RemoteTarget extends CaseSpec {
  /** For people and findings: where the other side is. */
  readonly where: { readonly address?: string; readonly command?: string };
  /**
   * Runs one case against the other side and looks whether it still lives.
   *
   * @throws Breach when it does not, or when an answer breaks a rule; CliError when it was never there.
   */
  run(units: FuzzCase): Promise<string>;
  close(): Promise<void>;
}

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What `promise` gives, or undefined after `timeoutMs`. */
export async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => timer = setTimeout(() => resolve(undefined), timeoutMs));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
