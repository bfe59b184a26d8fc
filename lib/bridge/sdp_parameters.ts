/** The parameters of `a=fmtp`, which most codecs write as `name=value;name=value`. */

/** By lower-case name; of a repeated name the first value counts, and a word without `=` has an empty one. */
export function parseFmtp(fmtp: string | undefined): ReadonlyMap<string, string> {
  const params = new Map<string, string>();
  for (const part of (fmtp ?? "").split(";")) {
    const equals = part.indexOf("=");
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name !== "" && !params.has(name)) params.set(name, equals < 0 ? "" : part.slice(equals + 1).trim());
  }
  return params;
}

/** The payload type that a retransmission (`apt`, RFC 4588 §8.6) is of. */
export function protectedPayloadType(fmtp: string | undefined): number | undefined {
  const apt = parseFmtp(fmtp).get("apt");
  return apt !== undefined && /^\d{1,3}$/.test(apt) ? Number(apt) : undefined;
}
