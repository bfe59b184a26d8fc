import type { Command } from "commander";
import type { DumpFlags } from "../dump/dump_flags.ts";
import { FLAG_GROUPS, refuseNonsense } from "../dump/flag_groups.ts";
import { textTable } from "../ui/table.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
CAPTURE is a pcap or pcapng file; - is standard input. Read are Ethernet (VLANs too), Linux cooked, raw IP and BSD
loopback; IPv4 and IPv6 with fragments; UDP; TCP with framed units, WebSocket (Phoenix too, compressed too) and NATS.
One line per unit: packet number, seconds since the first unit, who to whom, transport, kind, and what the unit says.
Media is joined to its session and stream by the signaling in the capture; a reduced header is made full again.
With keys, of --keylog or inside of a pcapng file, media, RTCP and seals are opened and their tags checked.

--listen and --proxy take traffic themselves, until Ctrl-C; several of both go together, so that a proxy for signaling and
one for media show one call. --write FILE keeps all of it beside what is shown. A proxy is told to the clients in place of
its server; what TLS carries passes it unread:
  arcrtc dump --listen udp://127.0.0.1:5004
  arcrtc dump --proxy ws://127.0.0.1:7490=ws://127.0.0.1:7480 --proxy udp://127.0.0.1:3479=udp://127.0.0.1:3478

--write, --embed-keys, --redact and --export write files instead. --redact gives a capture to show to others: packets are made
anew from their units, whose names, keys and payload are gone, so that --streams and --calls say the same of both. --export
writes Ogg, IVF, Annex B, ADTS, WAV and .g722 files, and .raw for other codecs; RTX and FEC in the capture are put to use:
  arcrtc dump call.pcapng --redact show.pcapng
  arcrtc dump call.pcapng --keylog call.keys --embed-keys open.pcapng
  arcrtc dump open.pcapng --export media

--report gathers all of that in one HTML page. --diff A B finds every unit of A in B and back, up to a million of each: media
by SSRC, sequence number and timestamp, SRTCP by its index, all else by its bytes; clocks may differ, their offset and
skew are fitted to the packets that were quickest, and what cannot be known of them is said.

Filters compare fields with values: == != > >= < <= contains matches, in {a, b}; joined by && || ! and parentheses. A field
alone asks whether it is there. --list-fields names all fields; the most used are kind, type, session, stream, role, ssrc,
src, dst, time, length, fault, arcrtp.seq, arcrtp.priority, rtcp.pt, arcsig.<field of a message>.

Examples:
  arcrtc dump fixtures/captures/call-phoenix.pcapng
  arcrtc dump fixtures/captures/call-phoenix.pcapng --filter 'kind == json && type != HEARTBEAT'
  arcrtc dump fixtures/captures/call-phoenix.pcapng --filter 'arcrtp.seq > 100 && role == audio' --count 5
  arcrtc dump fixtures/captures/call-phoenix.pcapng --filter 'type == STREAM_START' --detail --count 1
  arcrtc dump fixtures/captures/call-phoenix.pcapng --follow session --json --count 3
  arcrtc dump fixtures/captures/call-phoenix.pcapng --fields packet,time,arcrtp.seq,arcrtp.priority --count 3
  arcrtc dump fixtures/captures/call-phoenix.pcapng --streams
  arcrtc dump fixtures/captures/call-phoenix.pcapng --calls
  arcrtc dump fixtures/captures/call-phoenix.pcapng --check
  arcrtc dump fixtures/captures/call-phoenix.pcapng --report - > report.html
  arcrtc dump --diff fixtures/captures/relayed-caller.pcapng fixtures/captures/relayed-callee.pcapng  # exit code 1
  arcrtc dump fixtures/captures/call-phoenix.pcapng --keylog fixtures/captures/call-phoenix.keys --filter 'kind == rtcp'
  arcrtc dump fixtures/captures/call-rotation.pcapng --filter 'epoch == 4' --detail --count 1     # its keys are inside
  arcrtc dump fixtures/captures/call-tcp.pcap --from 2s --to 3s --hex --count 2
  arcrtc dump fixtures/captures/call-phoenix.pcapng --filter 'role == audio' --write - --quiet | arcrtc dump - --count 2
  arcrtc dump --wireshark-plugin > arcrtc.lua
  arcrtc dump fixtures/captures/broken/length-bomb.pcap     # damaged: exit code 1
`;

export function build(create: (name: string) => Command, { io, done }: CommandContext): Command {
  const command = create("dump")
    .description("Shows the ArcRTC traffic of a capture: signaling and media, unit by unit.")
    .argument("[capture]", "pcap or pcapng file; - is standard input");
  for (const add of FLAG_GROUPS) add(command);
  return command
    .addHelpText("after", HELP)
    .action(async (capture: string | undefined, flags: DumpFlags) => {
      if (flags.listFields) return io.stdout(await fieldList());
      if (flags.wiresharkPlugin !== undefined) {
        const { writeWiresharkPlugin } = await import("../dump/wireshark_output.ts");
        return writeWiresharkPlugin(flags.wiresharkPlugin, io, flags.quiet === true);
      }
      refuseNonsense(capture, flags);
      if (flags.diff !== undefined && capture !== undefined) {
        const { runDiff } = await import("../dump/diff/run_diff.ts");
        return done(await runDiff(flags.diff, capture, flags, io));
      }
      const { runDump } = await import("../dump/run_dump.ts");
      done(await runDump(capture, flags, io));
    });
}

async function fieldList(): Promise<string> {
  const { FIELD_CATALOG } = await import("../../lib/dissect/filter/field_catalog.ts");
  return textTable(
    [...FIELD_CATALOG.values()].map((
      { name, type, description, values },
    ) => [name, type, values === undefined ? description : `${description} (${values.join(", ")})`]),
  );
}
