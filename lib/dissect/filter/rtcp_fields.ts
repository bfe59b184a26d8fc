/** Names of the fields of RTCP, as `lib/packet/rtcp/dissect.ts` gives them; a test holds this list to it. */

export type RtcpFieldKind = "number" | "bool" | "bytes";

export interface RtcpField {
  readonly name: string;
  readonly kind: RtcpFieldKind;
  readonly label: string;
}

function fields(kind: RtcpFieldKind, ...list: readonly (readonly [name: string, label: string])[]): RtcpField[] {
  return list.map(([name, label]) => ({ name, kind, label }));
}

export const RTCP_FIELDS: readonly RtcpField[] = [
  ...fields("bool", ["rtcp.p", "Padding"]),
  ...fields(
    "number",
    ["rtcp.version", "Version"],
    ["rtcp.count", "Count or format"],
    ["rtcp.pt", "Packet type"],
    ["rtcp.length", "Length in words, less one"],
    ["rtcp.ssrc", "SSRC of the sender"],
    ["rtcp.sr.ntp_seconds", "NTP timestamp, seconds"],
    ["rtcp.sr.ntp_fraction", "NTP timestamp, fraction"],
    ["rtcp.sr.timestamp", "RTP timestamp"],
    ["rtcp.sr.packets", "Sender's packet count"],
    ["rtcp.sr.octets", "Sender's octet count"],
    ["rtcp.report.ssrc", "SSRC of the source that is reported on"],
    ["rtcp.report.fraction_lost", "Fraction lost, of 256"],
    ["rtcp.report.cumulative_lost", "Cumulative packets lost"],
    ["rtcp.report.highest_seq", "Extended highest sequence number"],
    ["rtcp.report.jitter", "Interarrival jitter in ticks"],
    ["rtcp.report.lsr", "Last SR"],
    ["rtcp.report.dlsr", "Delay since last SR, 1/65536 s"],
    ["rtcp.sdes.ssrc", "SSRC of the chunk"],
    ["rtcp.sdes.type", "Item type"],
    ["rtcp.sdes.length", "Item length"],
    ["rtcp.bye.ssrc", "SSRC that leaves"],
    ["rtcp.bye.length", "Length of the reason"],
    ["rtcp.sender_ssrc", "SSRC of the feedback's sender"],
    ["rtcp.media_ssrc", "SSRC of the media source"],
    ["rtcp.nack.pid", "First packet that is asked for"],
    ["rtcp.nack.blp", "Bitmask of the 16 packets behind it"],
    ["rtcp.twcc.base_seq", "Base sequence number"],
    ["rtcp.twcc.count", "Packet status count"],
    ["rtcp.twcc.reference", "Reference time"],
    ["rtcp.twcc.feedback_count", "Feedback packet count"],
    ["rtcp.twcc.chunk", "Packet status chunk"],
    ["rtcp.twcc.delta", "Receive delta"],
  ),
  ...fields(
    "bytes",
    ["rtcp.extension", "Profile-specific extension"],
    ["rtcp.sdes.text", "Text"],
    ["rtcp.sdes.end", "End of the items"],
    ["rtcp.bye.reason", "Reason"],
    ["rtcp.bye.fill", "Zero bytes"],
    ["rtcp.twcc.fill", "Zero bytes"],
    ["rtcp.body", "Body of an unknown packet"],
    ["rtcp.padding", "Padding"],
    ["rtcp.malformed", "What could not be read"],
  ),
];
