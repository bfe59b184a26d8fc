/** Clauses 5.1 and 5.2: the published JSON Schemas, and by hand what a schema cannot say. */
import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import { fromHex } from "./bytes.ts";
import { type Answer, answering, type Due, type Fault, type Json, type Judges } from "./judge.ts";
import { findFault, pruned, type Schema } from "./json_schema.ts";
import { readJson, type Value } from "./strict_json.ts";

const FIXTURES = new URL("../../../fixtures/", import.meta.url);

export const signalingJudges: Judges = {
  "signaling.parse": (request, due) => {
    if (request.dialect === "armoricore") judgeByTheEngine(request, due);
    else answering(parse)(request, due);
  },
  "signaling.write": (request, due) => {
    const json = due.expected?.json as string;
    assert.deepEqual(JSON.parse(json), request.message);
    const read = parse({ json });
    assert.ok("ok" in read);
    assert.deepEqual(read.ok.message, request.message);
  },
};

/** The types of clause 5.2. */
const TYPES =
  ("CONNECT CONNECT_ACK STREAM_START STREAM_STOP QUALITY_ADAPT HEARTBEAT HEARTBEAT_ACK KEY_ROTATE KEY_ROTATE_ACK " +
    "DISCONNECT ACK ERROR RELAY_BIND RELAY_CHALLENGE RELAY_BOUND RELAY_UNBIND RELAY_KEYS METRICS").split(" ");

const schemas = new Map<string, Schema>();

function schemaOf(type: string): Schema {
  const known = schemas.get(type);
  if (known !== undefined) return known;
  const schema = JSON.parse(Deno.readTextFileSync(new URL(`schemas/${type}.schema.json`, FIXTURES)));
  schemas.set(type, schema);
  return schema;
}

type Members = { [name: string]: Value };

/** The steps of clause 5.1, one by one. */
function parse(request: Json): Answer {
  const input = request.hex === undefined ? request.json as string : fromHex(request.hex as string);
  const read = readJson(input);
  if ("fault" in read) return read;
  if (/^\s/.test(typeof input === "string" ? input : String.fromCharCode(input[0]))) {
    return { fault: { reason: "bad_json", offset: 0 } };
  }
  const { value } = read;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { fault: { reason: "bad_type", path: "$" } };
  }
  if (value.type === undefined) return { fault: { reason: "missing_field", path: "$.type" } };
  if (typeof value.type !== "string") return { fault: { reason: "bad_type", path: "$.type" } };
  if (!TYPES.includes(value.type)) return { fault: { reason: "unknown_type", path: "$.type" } };
  const schema = schemaOf(value.type);
  const fault = versionFault(value) ?? findFault(schema, value) ?? crossFieldFault(value);
  return fault === undefined ? { ok: { message: shown(schema, value) } } : { fault };
}

function versionFault({ type, version }: Members): Fault | undefined {
  if (type !== "CONNECT" && type !== "CONNECT_ACK") return undefined;
  const path = "$.version";
  if (version === undefined) return { reason: "missing_field", path };
  if (typeof version !== "string") return { reason: "bad_type", path };
  const [major, minor, ...more] = version.split(".");
  const isNumber = (part: string | undefined) =>
    part !== undefined && part !== "" && [...part].every((c) => c >= "0" && c <= "9");
  if (!isNumber(major) || !isNumber(minor) || more.length > 0) return { reason: "bad_value", path };
  return BigInt(major) === 1n ? undefined : { reason: "bad_version", path };
}

/** Known fields alone; of two lists of offers, known entries alone. */
function shown(schema: Schema, value: Members): Value {
  const message = pruned(schema, value) as Members;
  if (message.type !== "CONNECT") return message;
  const capabilities = message.capabilities as { resolutions: string[]; transport: string[] };
  const transports = capabilities.transport.filter((name) => name === "udp" || name === "tcp");
  return {
    ...message,
    capabilities: {
      ...capabilities,
      resolutions: capabilities.resolutions.filter((name) => /^[1-9]\d{0,4}p$/.test(name)),
      // The list may not be empty, so one of unknown words alone stays as it came.
      transport: transports.length === 0 ? capabilities.transport : transports,
    },
  };
}

function crossFieldFault(message: Members): Fault | undefined {
  const relays = (message.network_info as { relay_servers?: { address: string }[] } | undefined)?.relay_servers ?? [];
  const badRelay = relays.findIndex(({ address }) => !isHost(address));
  if (badRelay >= 0) return { reason: "bad_value", path: `$.network_info.relay_servers[${badRelay}].address` };
  // As much as can be said without the session's state: the two come together.
  if (message.type === "CONNECT_ACK" && message.proof !== undefined && message.epoch === undefined) {
    return { reason: "missing_field", path: "$.epoch" };
  }
  return message.type === "STREAM_START" ? streamFault(message) : undefined;
}

function isHost(text: string): boolean {
  if (isIPv4(text) || (isIPv6(text) && !text.includes("%"))) return true;
  const labels = text.split(".");
  return labels.every((label) => /^[\w-]{1,63}$/.test(label) && !label.startsWith("-") && !label.endsWith("-")) &&
    !/^\d+$/.test(labels[labels.length - 1]);
}

interface Entry {
  readonly ssrc: number;
  readonly protects: number;
}

interface Context {
  readonly ssrc: number;
  readonly context_id: number;
}

const LEVELS = ["ultra", "high", "medium", "low", "very_low"];

function streamFault(message: Members): Fault | undefined {
  const ladder = ((message.quality_ladder ?? []) as string[]).map((level) => LEVELS.indexOf(level));
  if (ladder.some((rank, i) => i > 0 && rank <= ladder[i - 1])) {
    return { reason: "bad_value", path: "$.quality_ladder" };
  }
  const ssrc = message.ssrc as number;
  const media = message.stream_type === "both" ? [ssrc, (ssrc + 1) % 2 ** 32] : [ssrc];
  const repairs = ["rtx", "fec"].flatMap((name) =>
    ((message[name] ?? []) as unknown as Entry[]).map((entry, i) => ({ ...entry, path: `$.${name}[${i}]` }))
  );
  const contexts = ((message.reduced_header ?? []) as unknown as Context[])
    .map((context, i) => ({ ...context, path: `$.reduced_header[${i}]` }));
  const own = [...media, ...repairs.map((entry) => entry.ssrc)];
  const foreign = contexts.find((context) => !own.includes(context.ssrc));
  if (foreign !== undefined) return { reason: "bad_value", path: `${foreign.path}.ssrc` };
  const unprotected = repairs.find(({ protects }) => !media.includes(protects));
  if (unprotected !== undefined) return { reason: "bad_value", path: `${unprotected.path}.protects` };
  const again = contexts.find(({ context_id }, i) => contexts.findIndex((each) => each.context_id === context_id) < i);
  if (again !== undefined) return { reason: "bad_state", path: `${again.path}.context_id` };
  const used = repairs.find((entry, i) => own.indexOf(entry.ssrc) < media.length + i);
  if (used !== undefined) return { reason: "bad_state", path: `${used.path}.ssrc` };
}

interface EngineCase {
  readonly json: string;
  readonly result: { readonly accept: boolean; readonly reserialized?: string; readonly error?: string };
}

/** The engine's own words for why it refuses. */
const ENGINE_REASONS: readonly (readonly [words: RegExp, reason: string])[] = [
  [/^duplicate field/, "duplicate_key"],
  [/^missing field/, "missing_field"],
  [/^unknown variant .* expected one of `CONNECT`/, "unknown_type"],
  [/^unknown variant/, "bad_value"],
  [/^UUID parsing failed/, "bad_value"],
  [/^invalid type/, "bad_type"],
];

let engine: readonly EngineCase[] | undefined;

/** What the engine itself said to the same text, when the fixtures were made. */
function judgeByTheEngine(request: Json, due: Due): void {
  engine ??= JSON.parse(Deno.readTextFileSync(new URL("armoricore/signaling_parse.json", FIXTURES))).cases;
  const known = engine?.find(({ json }) => sameText(json, request.json as string));
  assert.ok(known !== undefined, "the engine was never asked");
  assert.equal(known.result.accept, due.fault === undefined);
  const { accept, reserialized = "", error = "" } = known.result;
  if (accept) assert.deepEqual(due.expected, { message: JSON.parse(reserialized) });
  else assert.equal(due.fault?.reason, ENGINE_REASONS.find(([words]) => words.test(error))?.[1], error);
}

/** Up to white space around the message, of which the fixtures have their own. */
function sameText(a: string, b: string): boolean {
  return a.trim() === b.trim() && /^\s/.test(a) === /^\s/.test(b);
}
