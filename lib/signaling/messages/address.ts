/** The forms of addresses in messages: IP literals and DNS names. */

const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;
const IPV6_GROUP = /^[0-9a-fA-F]{1,4}$/;
/** Eight groups of four digits, the last two written as IPv4. */
const LONGEST_IP = 45;

export function isIpv4(text: string): boolean {
  return text.length <= 15 && IPV4.test(text);
}

/** RFC 4291 §2.2 text, without brackets or zone: a zone means nothing to another host. */
export function isIpv6(text: string): boolean {
  if (text.length > LONGEST_IP) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [i, half] of halves.entries()) {
    if (half === "") continue;
    const parts = half.split(":");
    const last = parts[parts.length - 1];
    if (i === halves.length - 1 && isIpv4(last)) {
      parts.pop();
      groups += 2;
    }
    if (!parts.every((part) => IPV6_GROUP.test(part))) return false;
    groups += parts.length;
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

export function isIp(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

const LABEL = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

/** An IP address or a DNS name of at most 253 characters (RFC 1035 §2.3.4), a closing dot allowed. */
export function isHost(text: string): boolean {
  if (text === "" || text.length > 253) return false;
  if (isIp(text)) return true;
  const labels = (text.endsWith(".") ? text.slice(0, -1) : text).split(".");
  // A name whose last label is a number would be taken for a (mistyped) IPv4 address.
  return labels.every((label) => LABEL.test(label)) && !/^[0-9]+$/.test(labels[labels.length - 1]);
}
