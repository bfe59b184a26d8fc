/** `--auth-secret`: what join tokens are signed with (HS256). */
import type { Io } from "./io.ts";
import { readTextFile } from "./text_file.ts";

/** Seen by other users where it stands on the command line, so the environment will do. */
const SECRET_VARIABLE = "ARCRTC_AUTH_SECRET";

/** The text, or that of `@FILE`, from the flag or else from the environment; undefined where neither has any. */
export function authSecret(flag: string | undefined, io: Io): string | undefined {
  const text = flag ?? io.env(SECRET_VARIABLE);
  return text?.startsWith("@") ? readTextFile(text.slice(1)).replace(/\r?\n$/, "") : text;
}
