/** The protocol's version and what two versions make of one another (SPEC ARC-SIG-json-version). */
import { fault, ok, type Parsed } from "../base/parsed.ts";

export const PROTOCOL_MAJOR = 1;
export const PROTOCOL_MINOR = 0;
export const PROTOCOL_VERSION = `${PROTOCOL_MAJOR}.${PROTOCOL_MINOR}`;

const FORM = /^([0-9]+)\.([0-9]+)$/;

export interface Version {
  readonly major: number;
  readonly minor: number;
}

/** `major.minor` in decimal digits; undefined for anything else. */
export function parseVersion(text: string): Version | undefined {
  const parts = FORM.exec(text);
  return parts === null ? undefined : { major: Number(parts[1]), minor: Number(parts[2]) };
}

/**
 * The version that both ends speak: the lower minor (SPEC ARC-SIG-connect-ack-minor-version). Another major version is
 * `bad_version`, which goes on the wire as `unsupported_version`.
 */
export function commonVersion(offered: string): Parsed<string> {
  const version = parseVersion(offered);
  if (version === undefined) {
    return fault("bad_value", "Cannot read version: expected a version such as 1.0", { path: "$.version" });
  }
  if (version.major !== PROTOCOL_MAJOR) {
    const message = `Cannot speak version ${version.major}.${version.minor}: only ${PROTOCOL_MAJOR}.x is known`;
    return fault("bad_version", message, { path: "$.version" });
  }
  return ok(`${PROTOCOL_MAJOR}.${Math.min(version.minor, PROTOCOL_MINOR)}`);
}
