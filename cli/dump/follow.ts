/** `--follow session|stream|ssrc`, with `=VALUE` or the first that appears. */
import type { UnitModel } from "../../lib/dissect/model/unit_model.ts";
import { CliError } from "../ui/cli_error.ts";

export type FollowKind = "session" | "stream" | "ssrc";

export interface Follow {
  readonly kind: FollowKind;
  /** What is followed; known from the first unit on where the flag does not say. */
  readonly value: string | undefined;
  test(unit: UnitModel): boolean;
}

/** @throws CliError where the text is none of these. */
export function parseFollow(text: string): Follow {
  const [, kind, , value] = /^(session|stream|ssrc)(=(.+))?$/.exec(text) ?? [];
  if (kind === undefined) {
    throw new CliError(
      "usage",
      `--follow ${text} is not understood`,
      "it takes session, stream or ssrc, or session=ID",
    );
  }
  if (kind === "ssrc") return followSsrc(value);
  return followId(kind as "session" | "stream", value);
}

function followId(kind: "session" | "stream", wanted: string | undefined): Follow {
  const read = (unit: UnitModel) => kind === "session" ? unit.sessionId : unit.streamId;
  let value = wanted?.toLowerCase();
  return {
    kind,
    get value() {
      return value;
    },
    test(unit) {
      const id = read(unit);
      if (id === undefined || id === NIL_SESSION) return false;
      value ??= id;
      // The first characters of an id are enough.
      return id.startsWith(value);
    },
  };
}

/** Heartbeats that are of no session. */
const NIL_SESSION = "00000000-0000-0000-0000-000000000000";

function followSsrc(wanted: string | undefined): Follow {
  let value = wanted === undefined ? undefined : ssrcOf(wanted);
  return {
    kind: "ssrc",
    get value() {
      return value === undefined ? undefined : `0x${value.toString(16).padStart(8, "0")}`;
    },
    test(unit) {
      const { ssrc } = unit;
      if (ssrc === undefined) return false;
      value ??= ssrc;
      return ssrc === value;
    },
  };
}

/** @throws CliError */
function ssrcOf(text: string): number {
  const value = /^(?:\d+|0x[0-9a-f]{1,8})$/i.test(text) ? Number(text) : NaN;
  if (value >= 0 && value <= 0xffff_ffff) return value;
  throw new CliError("usage", `--follow ssrc=${text} is no SSRC`, "it takes a number, such as 305419896 or 0x12345678");
}
