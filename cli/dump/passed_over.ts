/** What of a capture gave no unit, in words. */
import type { PassedOver } from "../../lib/dissect/units/packet_dissector.ts";

/** One line each; none where nothing was passed over. */
export function passedOverText(passed: PassedOver): string[] {
  const packets: [number, string][] = [
    ...[...passed.linkTypes].map((
      [type, count],
    ): [number, string] => [count, `of link type ${type}, which is not known`]),
    [passed.notIp, "without IP"],
    [passed.otherProtocols, "of protocols other than UDP and TCP"],
    [passed.malformed, "with headers that contradict themselves"],
    [passed.cut, "that the capture cut within their headers"],
    [passed.incompletePackets, "in fragments that are not all there"],
    [passed.contradictoryPackets, "in fragments that contradict one another"],
  ];
  const connections: [number, string][] = [
    [passed.tlsConnections, "under TLS"],
    [passed.otherConnections, "that carry something else"],
  ];
  const lines: string[] = [];
  const listed = (what: string, list: readonly [number, string][]) => {
    const parts = list.filter(([count]) => count > 0).map(([count, why]) => `${count} ${why}`);
    if (parts.length > 0) lines.push(`passed over ${what}: ${parts.join(", ")}`);
  };
  listed("packets", packets);
  listed("TCP connections", connections);
  if (passed.evictedConversations > 0) {
    lines.push(`${passed.evictedConversations} conversations were forgotten to make room for others`);
  }
  if (passed.suppressedNotes > 0) lines.push(`${passed.suppressedNotes} further notes of the same conversations`);
  return lines;
}
