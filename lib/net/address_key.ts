/**
 * What limits per address count by: the IPv4 address itself, also when it comes as `::ffff:1.2.3.4`, and the first 64
 * bits of an IPv6 address, since whoever has one of those has all the rest.
 */
export function addressKey(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  if (mapped !== null) return mapped[1];
  if (!ip.includes(":")) return ip;
  const [head, tail] = ip.split("%")[0].toLowerCase().split("::");
  const groups = groupsOf(head);
  if (tail !== undefined) {
    const after = groupsOf(tail);
    while (groups.length + after.length < 8) groups.push("0");
    groups.push(...after);
  }
  return `${groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}

/** An IPv4 tail stands for two groups, which are never among the first four. */
function groupsOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\d+\.\d+\.\d+\.\d+$/, "0:0").split(":");
}

/** True for addresses and names that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const key = host.startsWith("[") ? host.slice(1, -1) : host;
  return key === "localhost" || key === "::1" || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/i.test(key);
}
