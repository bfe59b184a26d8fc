import { EXIT, type ExitName } from "../exit_codes.ts";

/** An error that a person caused or can mend: printed without a stack, with what to do next. */
export class CliError extends Error {
  readonly exit: ExitName;
  readonly hint: string | undefined;

  constructor(exit: ExitName, message: string, hint?: string) {
    super(message);
    this.exit = exit;
    this.hint = hint;
  }

  get exitCode(): number {
    return EXIT[this.exit];
  }
}
