import { type Command, Option } from "commander";
import { concatBytes, toBase64Url, toHex } from "../../lib/base/bytes.ts";
import type { Fault } from "../../lib/base/parsed.ts";
import { writeFrame } from "../../lib/packet/framing.ts";
import { RequestError } from "../../conformance/testee/request.ts";
import { DIALECTS } from "../../conformance/testee/rtp_json.ts";
import { ENCODE_KINDS, encodeDocument, type EncodedUnit, type EncodeWish } from "../encode/encode_document.ts";
import { parseDocuments } from "../encode/documents.ts";
import { CliError } from "../ui/cli_error.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import { MAX_INPUT_BYTES, readInputFile } from "../ui/input_file.ts";
import type { Io } from "../ui/io.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
A DOCUMENT is what decode --json prints, or what the testee's rtp.write, rtcp.write and signaling.write take: an object
with header and payload (and arc), one with packets, or a message with its type. Without one, standard input is read:
one document, or one per line.

Examples:
  arcrtc encode '{"header":{"payload_type":111,"sequence_number":1,"timestamp":2,"ssrc":3},"arc":{"quality":0,"priority":0},"payload":"4869"}'
  arcrtc encode '{"packets":[{"type":"pli","sender_ssrc":1,"media_ssrc":2}]}' --base64
  arcrtc encode '{"type":"HEARTBEAT","session_id":"00000000-0000-0000-0000-000000000000","sequence":1,"timestamp":5}'
  arcrtc encode '{"header":{"payload_type":0,"sequence_number":1,"timestamp":2,"ssrc":3},"payload":"00"}' --json
  arcrtc decode 806f00010000000200000003000000004869 --json | arcrtc encode
`;

interface EncodeOptions extends EncodeWish {
  readonly file?: string;
  readonly base64?: boolean;
  readonly binary?: boolean;
  readonly framed?: boolean;
  readonly json?: boolean;
}

export function build(create: (name: string) => Command, { io }: CommandContext): Command {
  return create("encode")
    .description("Turns the JSON form of packets and messages into bytes.")
    .argument("[document...]", "JSON text")
    .option("-f, --file <path>", "read documents from a file; - is standard input")
    .addOption(new Option("--kind <kind>", "what the document describes").choices(ENCODE_KINDS).default("auto"))
    .addOption(new Option("--dialect <dialect>", "default: the document's, or arcrtc-1.0").choices(DIALECTS))
    .addOption(new Option("--base64", "base64 instead of hex").conflicts(["binary", "json"]))
    .addOption(new Option("--binary", "the bytes themselves, one unit behind the other").conflicts("json"))
    .option("--framed", "each unit behind its length as u16, as on a stream")
    .option("--json", "a JSON document with kind, length and hex of each unit")
    .addHelpText("after", HELP)
    .action((documents: string[], options: EncodeOptions) => encode(documents, options, io));
}

async function encode(args: readonly string[], options: EncodeOptions, io: Io) {
  const documents = args.flatMap((text, i) => parseDocuments(text, `argument ${i + 1}`));
  if (options.file !== undefined) {
    const bytes = await readInputFile(options.file, io);
    documents.push(...parseDocuments(new TextDecoder().decode(bytes), options.file === "-" ? "input" : options.file));
  } else if (args.length === 0) {
    if (io.stdinIsTerminal) throw new CliError("usage", "no document was given", "arcrtc encode --help shows how");
    const bytes = await io.stdinBytes(MAX_INPUT_BYTES);
    if (bytes === undefined) throw new CliError("usage", `standard input is larger than ${MAX_INPUT_BYTES} bytes`);
    documents.push(...parseDocuments(new TextDecoder().decode(bytes), "input"));
  }
  if (documents.length === 0) {
    throw new CliError("nothingSelected", "no document was given", "arcrtc encode --help shows how");
  }
  // All or nothing: a pipe should not get half of what it asked for.
  const units = documents.map(({ value, where }) => encodeOne(value, where, options, io));
  show(units, options, io);
}

function encodeOne(value: unknown, where: string, options: EncodeOptions, io: Io): EncodedUnit {
  try {
    const unit = encodeDocument(value, options);
    if (!unit.ok) throw new CliError("finding", `${where}: ${describe(unit.fault)}`);
    for (const note of unit.value.notes) io.stderr(`note: ${where}: ${note}\n`);
    return options.framed ? { ...unit.value, bytes: framed(unit.value.bytes, where) } : unit.value;
  } catch (error) {
    if (error instanceof RequestError) throw new CliError("finding", `${where}: ${error.message}`);
    throw error;
  }
}

/** The fault's sentence, and its path unless the sentence names it. */
function describe({ reason, path, message }: Fault): string {
  return path === undefined || message.includes(path) ? `${message} (${reason})` : `${message} at ${path} (${reason})`;
}

function framed(unit: Uint8Array, where: string): Uint8Array {
  if (unit.length === 0 || unit.length > 0xffff) {
    throw new CliError("finding", `${where}: a frame holds 1 to 65535 bytes, got ${unit.length}`);
  }
  const frame = new Uint8Array(unit.length + 2);
  writeFrame(unit, frame, 0);
  return frame;
}

function show(units: readonly EncodedUnit[], options: EncodeOptions, io: Io): void {
  if (options.json) {
    const list = units.map(({ kind, bytes }) => ({ kind, bytes: bytes.length, hex: toHex(bytes) }));
    io.stdout(jsonDocument(envelope("encode", { units: list })));
  } else if (options.binary) {
    io.stdout(concatBytes(...units.map(({ bytes }) => bytes)));
  } else {
    for (const { bytes } of units) io.stdout(`${options.base64 ? toBase64(bytes) : toHex(bytes)}\n`);
  }
}

/** RFC 4648 §4, padded: what other tools read. */
function toBase64(bytes: Uint8Array): string {
  const digits = toBase64Url(bytes).replaceAll("-", "+").replaceAll("_", "/");
  return digits.padEnd(Math.ceil(digits.length / 4) * 4, "=");
}
