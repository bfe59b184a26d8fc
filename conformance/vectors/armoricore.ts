/** The `armoricore` dialect where it differs from arcrtc-1.0: SPEC clause 12.2. More of it is in `fixtures/armoricore`. */
import { toHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { ARMORICORE_OVERHEAD_BYTES, ArmoricoreSrtp } from "../../lib/crypto/armoricore_srtp.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { ArmoricoreRtpView } from "../../lib/packet/armoricore.ts";
import { shown } from "./arcrtp_packets.ts";
import { unwrapHex } from "./bytes.ts";
import { type CaseFault, Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { countingHex, cut, flip, packet, type PacketFields, sizeOf } from "./wire.ts";

export function armoricoreVectors(): VectorFile {
  return vectorFile(
    "armoricore",
    "What the public engine does otherwise than arcrtc-1.0, for tools that read and produce its packets and messages. An implementation without the dialect answers `unsupported`.",
    {
      "Looser": {
        meaning: "arcrtc-1.0 refuses this; the engine accepts it.",
        requirements: ["ARC-DIALECT-no-mixing"],
      },
      "Stricter": {
        meaning: "arcrtc-1.0 accepts this; the engine refuses it.",
        requirements: ["ARC-DIALECT-no-mixing"],
      },
    },
    [packets(), plainPackets(), protect(), receive(), messages()],
  );
}

const BLOCK = "ARC-DIALECT-armoricore-arc-block";
const PADDING = "ARC-DIALECT-armoricore-padding";
const dialect = "armoricore";

function packets(): Group {
  const group = new Group("rtp.parse", { dialect });
  const good = (
    id: string,
    comment: string,
    requirements: string,
    fields: PacketFields,
    expected: Json,
    flags: readonly string[] = [],
  ) => group.valid(id, comment, requirements, { hex: packet(fields) }, expected, { flags });
  const short = (id: string, comment: string, hex: string, need: number, flags: readonly string[] = []) =>
    group.invalid(id, comment, BLOCK, { hex }, { fault: { reason: "truncated", offset: sizeOf(hex), need } }, {
      flags,
    });
  good("one-byte-payload", "Five bytes behind the RTP header are enough: four of block and one of payload.", BLOCK, {
    payload: "aa",
  }, shown({ payload: "aa" }));
  const loss: PacketFields = { arc: { quality: 3, priority: 1, flags: 3, bandwidth: 2500, loss: 15 } };
  good(
    "loss-empty-payload",
    "With a loss byte the fifth byte is that, and the payload may be empty.",
    BLOCK,
    loss,
    shown(loss),
  );
  const phase: PacketFields = { arc: { quality: 1, priority: 2, keyPhase: 3, reserved: 3 }, payload: "aa" };
  good(
    "key-phase-ignored",
    "There are no key phases: the bits of K mean nothing.",
    BLOCK,
    phase,
    shown({ ...phase, arc: { quality: 1, priority: 2 } }),
  );
  good(
    "payload-type-72",
    "Payload types that read as RTCP with the marker are accepted.",
    BLOCK,
    { payloadType: 72, payload: "aa" },
    shown({ payloadType: 72, payload: "aa" }),
    ["Looser"],
  );
  good(
    "padding-stays",
    "P is ignored: the padding stays in the payload.",
    PADDING,
    { padding: true, payload: "aabb0002" },
    shown({ padding: true, payload: "aabb0002" }),
    ["Looser"],
  );
  good(
    "padding-0",
    "So a count of 0 is no fault.",
    PADDING,
    { padding: true, payload: "aa00" },
    shown({ padding: true, payload: "aa00" }),
    ["Looser"],
  );
  short("empty-payload", "Sixteen bytes without a loss byte do not parse.", packet(), 17, ["Stricter"]);
  short("csrc-empty-payload", "Nor does an empty payload behind a CSRC.", packet({ csrc: [1] }), 21, ["Stricter"]);
  short("cut-15", "Less than 16 bytes.", cut(packet(), 15), 16);
  group.invalid("version-1", "The version is checked.", BLOCK, { hex: packet({ version: 1, payload: "aabb" }) }, {
    fault: { reason: "bad_version", offset: 0 },
  });
  return group;
}

function plainPackets(): Group {
  const group = new Group("rtp.parse", { dialect, plain: true }, "plain-");
  const fields: PacketFields = { arc: null, padding: true };
  group.valid("padding", "In plain RTP padding is stripped.", PADDING, {
    hex: packet({ ...fields, payload: "aabb0002" }),
  }, shown({ ...fields, payload: "aabb" }, "aabb", "0002"));
  group.valid(
    "padding-0",
    "And a count of 0 strips nothing.",
    PADDING,
    { hex: packet({ ...fields, payload: "aabb00" }) },
    shown({ ...fields }, "aabb00"),
    { flags: ["Looser"] },
  );
  group.invalid("padding-too-large", "A count beyond the payload is a fault here too.", PADDING, {
    hex: packet({ ...fields, payload: "aabb04" }),
  }, {
    fault: { reason: "bad_padding", offset: 14 },
  });
  return group;
}

const SRTP = "ARC-DIALECT-armoricore-srtp";
const KEYS = { dialect, master_key: countingHex(16), master_salt: countingHex(14, 0x10) };
const SSRC = 0xcafebabe;

function srtp(ssrc: number, roc: number): ArmoricoreSrtp {
  const config = { masterKey: unwrapHex(KEYS.master_key), masterSalt: unwrapHex(KEYS.master_salt), ssrc, roc };
  return unwrap(ArmoricoreSrtp.create(nobleBackend, config));
}

function protectPlain(hex: string, ssrc = SSRC, roc = 0): string {
  const plain = unwrapHex(hex);
  const bytes = new Uint8Array(plain.length + ARMORICORE_OVERHEAD_BYTES);
  bytes.set(plain);
  const view = new ArmoricoreRtpView();
  view.parse(bytes, 0, plain.length);
  srtp(ssrc, roc).protect(view);
  return toHex(bytes);
}

function plain(fields: PacketFields = {}): string {
  return packet({ ssrc: SSRC, sequence: 100, arc: null, payload: countingHex(20), ...fields });
}

function protect(): Group {
  const group = new Group("srtp.protect", KEYS, "srtp-");
  const add = (id: string, comment: string, hex: string, ssrc = SSRC, roc = 0) =>
    group.valid(id, comment, SRTP, { ssrc, roc, hex }, { hex: protectPlain(hex, ssrc, roc) });
  add("usual", "Header, ciphertext and tag, and no associated data.", plain());
  add("empty", "No payload.", plain({ payload: "" }));
  add("roc-2", "The ROC stands before the sequence number in the IV, as the SSRC does.", plain(), SSRC, 2);
  add("csrc", "CSRCs stay in the clear.", plain({ csrc: [7, 8] }));
  add("configured-ssrc", "The SSRC of the IV is the configured one, whatever the packet says.", plain({ ssrc: 1 }));
  add("sequence-max", "The last sequence number.", plain({ sequence: 65535 }), SSRC, 0xffffffff);
  return group;
}

function receive(): Group {
  const group = new Group("srtp.receive", { ...KEYS, ssrc: SSRC, roc: 0 }, "srtp-receive-");
  const wire = protectPlain(plain());
  const decrypt: CaseFault = { reason: "decrypt" };
  const good = (
    id: string,
    comment: string,
    packets: readonly string[],
    shownAs: readonly string[],
    flags: readonly string[] = [],
  ) => group.valid(id, comment, SRTP, { packets }, { results: shownAs.map((hex) => ({ hex })) }, { flags });
  const bad = (id: string, comment: string, hex: string, fault: CaseFault, changes: Json = {}) =>
    group.invalid(id, comment, SRTP, { ...changes, packets: [hex] }, { expected: { results: [{ fault }] } });
  good("usual", "A packet that was protected as above.", [wire], [plain()]);
  good("replay", "Nothing is refused as a replay.", [wire, wire], [plain(), plain()], ["Looser"]);
  good("timestamp-changed", "The header is not authenticated: a changed timestamp passes.", [flip(wire, 7)], [
    flip(plain(), 7),
  ], ["Looser"]);
  good("ssrc-changed", "Nor is the SSRC, which the IV does not take from the packet.", [flip(wire, 11)], [
    flip(plain(), 11),
  ], ["Looser"]);
  bad("sequence-changed", "The sequence number is part of the IV.", flip(wire, 3), decrypt);
  bad("ciphertext-changed", "The ciphertext is authenticated.", flip(wire, 12), decrypt);
  bad("tag-changed", "All 16 bytes of the tag count.", flip(wire, -1), decrypt);
  bad(
    "other-roc",
    "Another ROC: it never advances, so a wrap ends the stream.",
    protectPlain(plain(), SSRC, 1),
    decrypt,
  );
  bad("too-short", "No room for a tag.", cut(wire, 27), { reason: "truncated" });
  group.invalid("key-15-bytes", "A master key of 15 bytes.", SRTP, { master_key: countingHex(15), packets: [wire] }, {
    fault: { reason: "bad_key" },
  });
  group.invalid(
    "salt-12-bytes",
    "A master salt of 12 bytes.",
    SRTP,
    { master_salt: countingHex(12), packets: [wire] },
    { fault: { reason: "bad_key" } },
  );
  return group;
}

/** The texts are those of `fixtures/armoricore/signaling_parse.json`, which tells what the engine said to them. */
function messages(): Group {
  const group = new Group("signaling.parse", { dialect }, "message-");
  const RULE = "ARC-DIALECT-armoricore-messages";
  const session = "550e8400-e29b-41d4-a716-446655440000";
  const text = (members: Json) => JSON.stringify(members);
  const base = { message: "bye", reason: "TIMEOUT", session_id: session, type: "DISCONNECT" };
  const message = { type: "DISCONNECT", session_id: session, reason: "TIMEOUT", message: "bye" };
  const good = (id: string, comment: string, json: string, shownAs: Json, flags: readonly string[] = []) =>
    group.valid(id, comment, RULE, { json }, { message: shownAs }, { flags });
  const bad = (id: string, comment: string, json: string, fault: CaseFault, flags: readonly string[] = []) =>
    group.invalid(id, comment, RULE, { json }, { fault }, { flags });
  good("disconnect", "A message of the engine.", text(base), message);
  good("white-space", "White space may come first.", ` \n\t${text(base)}\n`, message, ["Looser"]);
  good("uuid-simple", "A UUID without dashes.", text({ ...base, session_id: session.replaceAll("-", "") }), message, [
    "Looser",
  ]);
  good(
    "option-absent",
    "An absent option is written as null.",
    '{"reason":"PROTOCOL_ERROR","session_id":"550e8400-e29b-41d4-a716-446655440000","type":"DISCONNECT"}',
    {
      type: "DISCONNECT",
      session_id: session,
      reason: "PROTOCOL_ERROR",
      message: null,
    },
  );
  bad(
    "duplicate",
    "A field twice.",
    `{"session_id":"${session}","message":"bye","reason":"TIMEOUT","session_id":"${session}","type":"DISCONNECT"}`,
    { reason: "duplicate_key" },
  );
  bad(
    "reason-missing",
    "A required field is absent.",
    text({ message: "bye", session_id: session, type: "DISCONNECT" }),
    { reason: "missing_field" },
  );
  bad(
    "reason-lower-case",
    "The seed's spelling of a reason.",
    `{"reason":"timeout","session_id":"${session}","type":"DISCONNECT"}`,
    { reason: "bad_value" },
    ["Stricter"],
  );
  bad("session-null", "A UUID that is null.", text({ ...base, session_id: null }), { reason: "bad_type" });
  bad(
    "session-not-hex",
    "A UUID with a letter that is no digit.",
    text({ ...base, session_id: "zz0e8400-e29b-41d4-a716-446655440000" }),
    { reason: "bad_value" },
  );
  bad("message-number", "A text that is a number.", text({ ...base, message: 7 }), { reason: "bad_type" });
  bad("type-unknown", "A type that the engine does not have.", text({ ...base, type: "x" }), {
    reason: "unknown_type",
  });
  return group;
}
