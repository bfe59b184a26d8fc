/** What the end of a call means for whoever ran the command: the exit code, and what to say. */
import { NetError } from "../../lib/net/net_error.ts";
import type { ExitName } from "../exit_codes.ts";
import { TRUST_HINT } from "../ui/tls_trust.ts";
import type { CallEnd } from "./peer_call.ts";

/** Why the call was ended here, where it did not end by itself. */
export type EndCause = "signal" | "key" | "duration" | "nobody_came";

export interface EndVerdict {
  readonly exit: ExitName;
  /** Where it is an error to be told. */
  readonly why?: string;
  readonly hint?: string;
}

/** `hasComplaint`: a file that was to be sent is not whole. @throws what is no end but a bug. */
export function judgeEnd(
  end: CallEnd,
  cause: EndCause | undefined,
  hasComplaint: boolean,
): EndVerdict {
  if (cause === "signal") return { exit: "interrupted" };
  if (cause === "nobody_came") return { exit: "unreachable", why: "no peer has come in time", hint: "see --wait" };
  if (end.kind === "failed") return judgeFailure(end.error);
  switch (end.why) {
    case "user_request":
    case "shutdown":
      return { exit: hasComplaint ? "finding" : "ok" };
    case "refused":
      return { exit: "refused", why: `refused: ${end.code ? `${end.code}, ` : ""}${end.message}` };
    case "failed":
      return { exit: end.code === undefined ? "unreachable" : "refused", why: `no session: ${end.message}` };
    case "timeout":
      return {
        exit: "unreachable",
        why: end.byPeer ? "the peer has given up" : "no packets reach the peer, on no path",
        hint: "--explain-path shows what was tried",
      };
    case "error":
      return { exit: "unreachable", why: end.message };
  }
}

function judgeFailure(error: unknown): EndVerdict {
  if (!(error instanceof NetError)) throw error;
  switch (error.kind) {
    case "unreachable":
      return { exit: "unreachable", why: error.message, hint: "is the server running? arcrtc serve starts one" };
    case "refused":
      return { exit: "refused", why: error.message };
    case "untrusted":
      return {
        exit: "refused",
        why: error.message,
        hint: TRUST_HINT,
      };
  }
}
