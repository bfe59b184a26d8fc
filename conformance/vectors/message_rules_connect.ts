/** What SPEC clauses 5.2.1 to 5.2.3 say beside types and bounds. */
import type { Group, Json } from "./case.ts";
import { valueAt, without, withValue } from "./edit.ts";
import { ACCEPTANCE, badValue, editor, example, idOf, missing, parsing } from "./message_cases.ts";
import { U32 } from "./message_kinds.ts";

/** CONNECT: versions, addresses, resumption, offers, relays. */
export function connectRules(group: Group): void {
  const { good, bad } = editor(group, "CONNECT");
  const minimal = example("CONNECT").minimal;
  const full = example("CONNECT").full;
  const VERSION = "ARC-SIG-json-version";
  for (const version of ["1.1", "1.99", "1.4294967296"]) {
    good(
      `version-${version}`,
      `Version ${version}: a higher minor version is accepted.`,
      VERSION,
      withValue(minimal, "version", version),
    );
  }
  for (const version of ["2.0", "0.9", "10.0", "4294967297.0"]) {
    bad(
      `version-${version}`,
      `Version ${version}: another major version.`,
      VERSION,
      { type: "CONNECT", version },
      { reason: "bad_version", path: "$.version" },
    );
  }
  const malformed: readonly (readonly [string, string])[] = [
    ["1", "no minor number"],
    ["1.", "an empty minor number"],
    [".0", "an empty major number"],
    ["1.0.0", "three numbers"],
    ["v1.0", "a letter in front"],
    ["1.0 ", "a space behind"],
    ["1,0", "a comma"],
    ["", "nothing"],
    ["-1.0", "a sign"],
    ["1.0\n", "a line break behind"],
    ["\u0661.0", "an Arabic digit"],
  ];
  malformed.forEach(([version, why], i) =>
    bad(
      `version-malformed-${i + 1}`,
      `A version with ${why}.`,
      VERSION,
      { type: "CONNECT", version },
      badValue("$.version"),
    )
  );

  const PAIR = "ARC-SIG-connect-address-pair";
  good(
    "address-pair",
    "Address and port, both.",
    PAIR,
    withValue(minimal, "network_info", { public_ip: "1.2.3.4", public_port: 50000, nat_type: "open" }),
  );
  bad(
    "address-without-port",
    "An address without a port.",
    PAIR,
    withValue(minimal, "network_info", { public_ip: "1.2.3.4", nat_type: "open" }),
    missing("$.network_info.public_port"),
  );
  bad(
    "port-without-address",
    "A port without an address.",
    PAIR,
    withValue(minimal, "network_info", { public_port: 50000, nat_type: "open" }),
    missing("$.network_info.public_ip"),
  );
  const RESUME = "ARC-SIG-connect-resume-fields";
  const resuming = { ...minimal, resume: true, epoch: 1, proof: full.proof };
  good("resume", "A resumption with epoch and proof.", RESUME, resuming);
  good("resume-false", "Resume may be said to be false.", RESUME, { ...minimal, resume: false });
  good("epoch-0", "Without resumption the epoch may be said to be 0.", RESUME, { ...minimal, epoch: 0 });
  bad("resume-without-epoch", "A resumption without epoch.", RESUME, without(resuming, "epoch"), missing("$.epoch"));
  bad("resume-without-proof", "A resumption without proof.", RESUME, without(resuming, "proof"), missing("$.proof"));
  bad("resume-without-both", "A resumption with neither: the epoch comes first.", RESUME, {
    ...minimal,
    resume: true,
  }, missing("$.epoch"));
  bad(
    "resume-short-proof",
    "A proof of 15 bytes.",
    RESUME,
    { ...resuming, proof: "A".repeat(20) },
    badValue("$.proof"),
  );
  bad(
    "resume-epoch-too-large",
    "An epoch beyond 32 bits.",
    RESUME,
    { ...resuming, epoch: U32 + 1 },
    badValue("$.epoch"),
  );
  bad("epoch-1-without-resume", "Epoch 1 without resumption.", RESUME, { ...minimal, epoch: 1 }, badValue("$.epoch"));
  bad(
    "epoch-1-resume-false",
    "Epoch 1, and resume is false.",
    RESUME,
    { ...minimal, resume: false, epoch: 1 },
    badValue("$.epoch"),
  );

  const CODECS = "ARC-SIG-connect-codecs ARC-SIG-connect-opaque-codec";
  good(
    "codecs-eight",
    "The eight codecs, audio and video in one list.",
    CODECS,
    withValue(minimal, "capabilities.codecs", ["opus", "aac", "g722", "pcm", "vp9", "h264", "av1", "h265"]),
  );
  good(
    "codecs-opaque",
    "Names that nobody knows are names.",
    CODECS,
    withValue(minimal, "capabilities.codecs", ["x", "my-lidar.v2_0", "a".repeat(32)]),
  );
  bad(
    "codecs-second-bad",
    "The second entry is malformed.",
    CODECS,
    withValue(minimal, "capabilities.codecs", ["opus", "vp9/90000"]),
    badValue("$.capabilities.codecs[1]"),
  );
  const CAPABILITY = "ARC-SIG-json-unknown-capability";
  good(
    "encryption-unknown",
    "Unknown suites stay in the list: the transcript takes it as it was written.",
    `${CAPABILITY} ARC-KEY-transcript-offers-verbatim`,
    withValue(minimal, "capabilities.encryption", ["x-new", "AES-128-GCM", "", "aes-128-gcm"]),
  );
  good(
    "authentication-unknown",
    "Unknown authentications likewise.",
    `${CAPABILITY} ARC-KEY-transcript-offers-verbatim`,
    withValue(minimal, "capabilities.authentication", ["x-poly", "none"]),
  );
  good(
    "transport-unknown",
    "An unknown transport is skipped.",
    CAPABILITY,
    withValue(minimal, "capabilities.transport", ["sctp", "udp"]),
    withValue(minimal, "capabilities.transport", ["udp"]),
  );
  good(
    "resolution-unknown",
    "A resolution of another form is skipped.",
    CAPABILITY,
    withValue(minimal, "capabilities.resolutions", ["4K", "720p"]),
    withValue(minimal, "capabilities.resolutions", ["720p"]),
  );
  bad(
    "encryption-comma",
    "Two suites in one entry would join to the same transcript as two entries.",
    "ARC-SIG-connect-offer-comma",
    withValue(minimal, "capabilities.encryption", ["aes-256-gcm,aes-128-gcm"]),
    badValue("$.capabilities.encryption[0]"),
  );
  bad(
    "authentication-comma",
    "The same in the list of authentications.",
    "ARC-SIG-connect-offer-comma",
    withValue(minimal, "capabilities.authentication", ["none", ","]),
    badValue("$.capabilities.authentication[1]"),
  );

  const RELAYS = "ARC-SIG-relay-servers-fields";
  const relays = (list: readonly unknown[]) =>
    withValue(minimal, "network_info", { nat_type: "open", relay_servers: list });
  const relay = valueAt(full, "network_info.relay_servers[0]") as Json;
  const host = (address: string) => relays([{ ...relay, address }]);
  for (
    const address of ["192.0.2.7", "2001:db8::7", "localhost", "relay-7.eu.example.com", "x".repeat(63) + ".example"]
  ) {
    good(
      `relay-address-${address.slice(0, 12).replaceAll(":", "x").replaceAll(".", "-")}`,
      `A relay at ${address}.`,
      RELAYS,
      host(address),
    );
  }
  const noHost: readonly (readonly [string, string])[] = [
    ["x".repeat(64) + ".example", "a label of 64 characters"],
    ["a..b", "an empty label"],
    ["-a.example", "a label that begins with a dash"],
    ["https://relay.example", "a URL"],
    ["relay.example:3478", "a port in it"],
    [`${"abcdefghi.".repeat(25)}abcd`, "254 characters"],
  ];
  noHost.forEach(([address, why], i) =>
    bad(
      `relay-address-malformed-${i + 1}`,
      `A relay's address with ${why}.`,
      RELAYS,
      host(address),
      badValue("$.network_info.relay_servers[0].address"),
    )
  );
  bad(
    "relay-token-without-expires",
    "A token without the second in which it ends.",
    `${RELAYS} ARC-SIG-relay-servers-expires`,
    relays([without(relay, "expires")]),
    missing("$.network_info.relay_servers[0].expires"),
  );
  good(
    "relay-expires-without-token",
    "The other way around nothing is missing.",
    RELAYS,
    relays([without(relay, "token")]),
  );
  good(
    "relay-eight",
    "Eight relays.",
    RELAYS,
    relays(Array.from({ length: 8 }, (_, i) => ({ id: `r${i}`, address: "192.0.2.1", port: 1, priority: i }))),
  );
  bad(
    "relay-nine",
    "Nine relays.",
    RELAYS,
    relays(Array.from({ length: 9 }, (_, i) => ({ id: `r${i}`, address: "192.0.2.1", port: 1, priority: i }))),
    badValue("$.network_info.relay_servers"),
  );
  const local = (count: number) =>
    withValue(minimal, "network_info", {
      nat_type: "open",
      local: Array.from({ length: count }, () => ({ ip: "10.0.0.1", port: 9 })),
    });
  bad(
    "local-nine",
    "Nine addresses of one's own.",
    "ARC-SIG-connect-fields",
    local(9),
    badValue("$.network_info.local"),
  );
  good(
    "field-order",
    "Fields in another order.",
    "ARC-SIG-json-object",
    Object.fromEntries(Object.entries(minimal).reverse()),
    minimal,
  );
  bad("field-case", "A field's name in another case is another field.", "ARC-SIG-json-field-case", {
    ...without(minimal, "session_id"),
    Session_Id: minimal.session_id,
  }, missing("$.session_id"));
}

/** CONNECT_ACK: refusals, and what an acceptance selects. */
export function ackRules(group: Group): void {
  const { good, bad } = editor(group, "CONNECT_ACK");
  const REFUSAL = "ARC-SIG-connect-ack-refusal";
  const refusal = example("CONNECT_ACK").minimal;
  for (
    const code of [
      "bad_json",
      "bad_message",
      "unknown_type",
      "unsupported_version",
      "no_common_codec",
      "no_common_cipher",
      "bad_key",
      "bad_identity",
      "unauthorized",
      "unknown_session",
      "unknown_stream",
      "bad_state",
      "too_large",
      "rate_limited",
      "busy",
      "internal",
    ]
  ) {
    good(
      `refused-${code}`,
      `Refused with ${code}.`,
      `${REFUSAL} ARC-SIG-error-codes`,
      withValue(refusal, "reason", code),
    );
  }
  bad(
    "refused-unknown-code",
    "A reason that is no error code.",
    `${REFUSAL} ARC-SIG-error-codes ARC-SIG-json-unknown-enum`,
    withValue(refusal, "reason", "because"),
    badValue("$.reason"),
  );
  bad("refused-without-reason", "A refusal without reason.", REFUSAL, without(refusal, "reason"), missing("$.reason"));
  good(
    "accepted-with-reason",
    "An acceptance may carry a reason, which means nothing.",
    "ARC-SIG-json-unknown-field",
    { ...ACCEPTANCE, reason: "busy" },
    ACCEPTANCE,
  );
  const KINDS = "ARC-SIG-connect-ack-codec-kinds";
  const codecs = (selected: Json) => withValue(ACCEPTANCE, "selected_codecs", selected);
  good("codec-video", "Video alone.", KINDS, codecs({ video: "av1" }));
  good("codec-opaque", "An opaque codec fits either kind.", KINDS, codecs({ audio: "x-lidar", video: "x-lidar" }));
  // Not `{}`: whoever only counts the members refuses that too.
  bad("codec-none", "No codec of a kind.", KINDS, codecs({ haptic: "x" }), badValue("$.selected_codecs"));
  bad(
    "codec-video-as-audio",
    "A video codec for audio.",
    KINDS,
    codecs({ audio: "vp9" }),
    badValue("$.selected_codecs.audio"),
  );
  bad(
    "codec-audio-as-video",
    "An audio codec for video.",
    KINDS,
    codecs({ video: "opus" }),
    badValue("$.selected_codecs.video"),
  );
  const VERSION = "ARC-SIG-json-version";
  good("version-1-7", "An answer of a higher minor version.", VERSION, withValue(ACCEPTANCE, "version", "1.7"));
  bad("version-2-0", "Another major version, before any other field is looked at.", `${VERSION} ARC-SIG-json-order`, {
    type: "CONNECT_ACK",
    version: "2.0",
  }, { reason: "bad_version", path: "$.version" });
  bad(
    "address-without-port",
    "An address without a port in the answer.",
    "ARC-SIG-connect-address-pair ARC-SIG-connect-ack-fields",
    withValue(ACCEPTANCE, "network_info", { public_ip: "1.2.3.4" }),
    missing("$.network_info.public_port"),
  );
  const unexplained = { ...ACCEPTANCE, proof: "A".repeat(22) };
  group.acceptable(
    idOf("CONNECT_ACK", "", "proof-without-epoch"),
    "A proof without its epoch: both belong to the answer to a resumption, which only the session's state can tell.",
    "ARC-SIG-connect-ack-fields",
    parsing(unexplained),
    { fault: missing("$.epoch") },
  );
}
