import { type Command, Option } from "commander";
import { toHex } from "../../lib/base/bytes.ts";
import { type Fault, truncated } from "../../lib/base/parsed.ts";
import { AUTHENTICATIONS } from "../../lib/crypto/suites.ts";
import { FRAME_HEADER_BYTES, FrameReader } from "../../lib/packet/framing.ts";
import { Fields, RequestError } from "../../conformance/testee/request.ts";
import { readStreamKeys } from "../../conformance/testee/ops/srtp.ts";
import { type DecodedUnit, decodeUnit } from "../decode/decode_unit.ts";
import type { Protection } from "../decode/protection.ts";
import { DIALECT_WISHES, type ReadingWish, UNIT_TYPES } from "../decode/reading.ts";
import { fieldToJson, unitToText } from "../decode/text.ts";
import { readUnitText, type Spelling, SPELLINGS, unitLines } from "../decode/unit_text.ts";
import { EXIT } from "../exit_codes.ts";
import { CliError } from "../ui/cli_error.ts";
import { chooseCrypto, cryptoOption } from "../ui/crypto_backend.ts";
import { envelope, jsonDocument, jsonLine } from "../ui/envelope.ts";
import { readInputFile } from "../ui/input_file.ts";
import type { Io } from "../ui/io.ts";
import { painter } from "../ui/style.ts";
import type { CommandContext } from "./command_entry.ts";

const MAX_LINE_BYTES = 4 * 1024 * 1024;

const HELP = `
A UNIT is hex (spaces, colons and 0x are fine), base64 or JSON text; without one, each line of standard input is one.
Exits with 1 when a unit is malformed.

Examples:
  arcrtc decode 80ef00010000000000000001000000004869
  arcrtc decode "80 c9 00 01 00 00 00 03" --json
  arcrtc decode 806f0001000003e8000000030000 --verbose     # malformed: exit code 1
  arcrtc decode '{"type":"HEARTBEAT","session_id":"00000000-0000-0000-0000-000000000000","sequence":1,"timestamp":5}'
  arcrtc decode --framed 000880c90001000000030005c201039caa
  arcrtc decode --protected none 806f00010000000200000003000000000a0b0c0d00112233445566778899aabbccddeeff
  echo 806f000100000002000000034869 | arcrtc decode --dialect rtp
  arcrtc decode 806f00010000000200000003000000004869 --json | arcrtc encode
`;

interface DecodeOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly file?: string;
  readonly as: Spelling;
  readonly type: ReadingWish["type"];
  readonly dialect: ReadingWish["dialect"];
  readonly framed?: boolean;
  readonly protected?: (typeof AUTHENTICATIONS)[number];
  readonly keys?: string;
  readonly crypto?: string;
}

export function build(create: (name: string) => Command, { io, done }: CommandContext): Command {
  return create("decode")
    .description("Shows packets and messages as field trees: bit offset, width, name, value, meaning.")
    .argument("[unit...]", "hex, base64 or JSON text")
    .option("-f, --file <path>", "read one unit as raw bytes from a file; - is standard input")
    .addOption(new Option("--as <spelling>", "how the units are written").choices(SPELLINGS).default("auto"))
    .addOption(
      new Option("--type <type>", "kind of unit; auto goes by its first byte").choices(UNIT_TYPES).default("auto"),
    )
    .addOption(
      new Option("--dialect <dialect>", "rtp is RTP without Arc block").choices(DIALECT_WISHES).default("auto"),
    )
    .option("--framed", "the input is a stream of units, each behind its length as u16")
    .addOption(
      new Option("--protected <tags>", "packets are protected: show ciphertext and tags").choices(AUTHENTICATIONS),
    )
    .option("--keys <path>", "unprotect with a JSON file {suite, authentication, keys, roc}, as srtp.protect takes it")
    .addOption(cryptoOption())
    .option("-v, --verbose", "whole values, descriptions and clauses")
    .option("--json", "a JSON document; with several units or standard input one per line")
    .addHelpText("after", HELP)
    .action((units: string[], options: DecodeOptions) => decode(units, options, io, done));
}

async function decode(units: readonly string[], options: DecodeOptions, io: Io, done: CommandContext["done"]) {
  const protection = readProtection(options, io);
  if (protection !== undefined && options.dialect !== "auto" && options.dialect !== "arcrtc-1.0") {
    throw new CliError("usage", `--protected and --keys do not go with --dialect ${options.dialect}`);
  }
  const isOne = joinLooseBytes(units).length + (options.file === undefined ? 0 : 1) === 1;
  const show = shower(options, io, isOne);
  let count = 0;
  let malformed = 0;
  const take = (bytes: Uint8Array, place?: FramePlace) => {
    const unit = decodeUnit(bytes, options, protection);
    show(unit, count++, place);
    if (unit.fault !== undefined) malformed++;
  };
  if (options.framed) {
    const fault = await readFrames(inputs(units, options, io), take);
    if (fault !== undefined) {
      io.stderr(`error: the stream is malformed at byte ${fault.offset}: ${fault.message} (${fault.reason})\n`);
      malformed++;
      count++;
    }
  } else {
    for await (const bytes of inputs(units, options, io)) take(bytes);
  }
  if (count === 0) throw new CliError("nothingSelected", "no unit was given", "arcrtc decode --help shows how");
  if (malformed > 0) done(EXIT.finding);
}

/** Arguments, a file, or the lines of standard input, in this order. */
async function* inputs(units: readonly string[], { file, as }: DecodeOptions, io: Io): AsyncGenerator<Uint8Array> {
  for (const [i, text] of joinLooseBytes(units).entries()) yield readUnitText({ text, where: `argument ${i + 1}` }, as);
  if (file !== undefined) yield await readInputFile(file, io);
  if (units.length > 0 || file !== undefined) return;
  if (io.stdinIsTerminal) throw new CliError("usage", "no unit was given", "arcrtc decode --help shows how");
  for await (const unit of unitLines(io.stdinLines(MAX_LINE_BYTES))) yield readUnitText(unit, as);
}

/** Hex with spaces that nobody quoted, `decode 80 c9 00 01`, is one unit: no unit is that short. */
function joinLooseBytes(units: readonly string[]): readonly string[] {
  return units.every((text) => /^(0x)?[0-9a-f]{2,8},?$/i.test(text)) ? [units.join(" ")].filter(Boolean) : units;
}

/** Where a unit's length stands in the stream. */
interface FramePlace {
  readonly frame_offset: number;
}

/** Hands on the units of a stream that comes in pieces; what is wrong with the stream itself is answered. */
async function readFrames(
  pieces: AsyncIterable<Uint8Array>,
  take: (unit: Uint8Array, place: FramePlace) => void,
): Promise<Fault | undefined> {
  const reader = new FrameReader();
  let bytes = 0;
  let frameOffset = 0;
  for await (const piece of pieces) {
    reader.feed(piece);
    bytes += piece.length;
    while (reader.next()) {
      take(reader.bytes.slice(reader.start, reader.end), { frame_offset: frameOffset });
      frameOffset += FRAME_HEADER_BYTES + reader.end - reader.start;
    }
    if (reader.fault !== undefined) return reader.fault;
  }
  return reader.pendingBytes === 0 ? undefined : truncated("frame", bytes + 1, bytes).fault;
}

function shower(
  options: DecodeOptions,
  io: Io,
  isOne: boolean,
): (unit: DecodedUnit, i: number, place?: FramePlace) => void {
  if (options.json) {
    const write = isOne && !options.framed ? jsonDocument : jsonLine;
    return (unit, _i, place) => io.stdout(write(envelope("decode", { ...unitToJson(unit), ...place })));
  }
  const text = { paint: painter(io, "stdout"), columns: io.columns, verbose: options.verbose ?? false };
  return (unit, i, place) => {
    const frame = place === undefined ? "" : `frame at byte ${place.frame_offset}: `;
    io.stdout(`${i === 0 ? "" : "\n"}${frame}${unitToText(unit, text)}`);
  };
}

function unitToJson({ bytes, reading, nodes, notes, fault, body }: DecodedUnit): object {
  return {
    kind: reading.kind,
    dialect: "dialect" in reading ? reading.dialect : null,
    why: reading.why,
    valid: fault === undefined,
    bytes: bytes.length,
    hex: toHex(bytes),
    ...body,
    fault: fault ?? null,
    notes,
    fields: nodes.map(fieldToJson),
  };
}

function readProtection(options: DecodeOptions, io: Io): Protection | undefined {
  if (options.keys === undefined) {
    return options.protected === undefined ? undefined : { authentication: options.protected };
  }
  try {
    const fields = Fields.of(JSON.parse(Deno.readTextFileSync(options.keys)), "$");
    const stream = readStreamKeys(chooseCrypto(io, options.crypto).backend, fields);
    return {
      authentication: stream.authentication,
      keys: { stream, roc: fields.integerOr("roc", 0, 0xffff_ffff, 0) },
    };
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (error instanceof RequestError) throw new CliError("usage", `${options.keys}: ${error.message}`);
    // The file's text is not repeated: it holds keys.
    const why = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw new CliError("usage", `${options.keys} ${why}`, 'it holds {"suite", "authentication", "keys", "roc"}');
  }
}
