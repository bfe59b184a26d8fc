/** Whether bytes are UTF-8, told without decoding them: what is refused is not worth an exception. */

/** Bytes that follow a leading byte; -1 for one that leads nothing. */
function followersOf(lead: number): number {
  if (lead < 0x80) return 0;
  if (lead < 0xc2) return -1;
  if (lead < 0xe0) return 1;
  if (lead < 0xf0) return 2;
  return lead < 0xf5 ? 3 : -1;
}

/** What the first follower may be at least: shorter spellings are forbidden (RFC 3629 §3). */
function lowestFollower(lead: number): number {
  if (lead === 0xe0) return 0xa0;
  return lead === 0xf0 ? 0x90 : 0x80;
}

/** What the first follower may be at most: surrogates and what is beyond U+10FFFF are no characters. */
function highestFollower(lead: number): number {
  if (lead === 0xed) return 0x9f;
  return lead === 0xf4 ? 0x8f : 0xbf;
}

/** True for well-formed UTF-8 (RFC 3629); work is linear in the bytes, and nothing is allocated. */
export function isUtf8(bytes: Uint8Array): boolean {
  const end = bytes.length;
  for (let at = 0; at < end;) {
    const lead = bytes[at++];
    if (lead < 0x80) continue;
    const followers = followersOf(lead);
    if (followers < 0 || end - at < followers) return false;
    if (bytes[at] < lowestFollower(lead) || bytes[at] > highestFollower(lead)) return false;
    for (let i = 1; i < followers; i++) if ((bytes[at + i] & 0xc0) !== 0x80) return false;
    at += followers;
  }
  return true;
}
