/** Two implementations of one rule must agree: cryptography backends, and dialects where they are the same. */
import { equalBytes, toHex } from "../../base/bytes.ts";
import { SeededRng } from "../../base/rng.ts";
import type { CryptoBackend } from "../../crypto/backend.ts";
import { findNodeCrypto } from "../../crypto/backend_choice.ts";
import { nobleBackend } from "../../crypto/backend_noble.ts";
import { createNodeBackend } from "../../crypto/backend_node.ts";
import { AEAD_TAG_BYTES, SUITE_NAMES, SUITES } from "../../crypto/suites.ts";
import { ArcRtpView } from "../../packet/arcrtp.ts";
import { ArmoricoreArcRtpView, ArmoricoreRtpView } from "../../packet/armoricore.ts";
import { RtpView } from "../../packet/rtp_view.ts";
import { generateArcRtp } from "../generate_packet.ts";
import { demand, type FuzzTarget } from "../target.ts";
import { arcRtpSeeds } from "./packet_targets.ts";
import { parserTarget } from "./parser_target.ts";

/** Both backends; noble alone where there is no `node:crypto`, and then nothing can differ. */
function backends(): readonly CryptoBackend[] {
  const node = findNodeCrypto();
  return node === null ? [nobleBackend] : [nobleBackend, createNodeBackend(node)];
}

const importKey = (backend: CryptoBackend) => ({
  name: backend.name,
  mac: backend.importMac(new SeededRng(5).fill(new Uint8Array(32))),
  aeads: SUITE_NAMES.map((suite) =>
    backend.importAead(suite, new SeededRng(6).fill(new Uint8Array(SUITES[suite].keyBytes)))
  ),
});

let imported: readonly ReturnType<typeof importKey>[] | undefined;

/** Byte 0 chooses the suite, 1 where the AAD ends, 2 a bit that is damaged; the rest is the packet. */
function compareBackends(bytes: Uint8Array): string {
  imported ??= backends().map(importKey);
  const [suite = 0, split = 0, damage = 0] = bytes;
  const text = bytes.subarray(3);
  const aadEnd = Math.min(split, text.length);
  const nonce = new SeededRng(split).fill(new Uint8Array(12));
  const results = imported.map(({ mac, aeads }) => {
    const aead = aeads[suite % aeads.length];
    const room = new Uint8Array(text.length + AEAD_TAG_BYTES);
    room.set(text);
    aead.seal(nonce, room, 0, aadEnd, text.length);
    const tag = new Uint8Array(32);
    mac.sign(room, 0, room.length, split % 2 === 0 ? null : split * 0x101_0101, tag, 0, 10 + (damage % 22));
    const sealed = room.slice();
    const opened = aead.open(nonce, room, 0, aadEnd, text.length);
    demand(opened && equalBytes(room.subarray(0, text.length), text), "round_trip", "a sealed text does not open");
    const forged = sealed.slice();
    forged[damage % forged.length] ^= 1 << (damage & 7);
    const before = toHex(forged);
    const accepted = aead.open(nonce, forged, 0, aadEnd, text.length);
    demand(!accepted, "response", "a damaged text opens");
    demand(toHex(forged) === before, "state", "a refused text was changed");
    return toHex(sealed) + toHex(tag);
  });
  demand(new Set(results).size === 1, "divergence", "the cryptography backends differ");
  return `${suite % SUITE_NAMES.length}`;
}

/** Where both dialects accept a packet, they read the same from it; and the dialect alone says who refuses it. */
function compareDialects(bytes: Uint8Array): string {
  const arc = new ArcRtpView();
  const engine = new ArmoricoreArcRtpView();
  const [ours, theirs] = [arc.parse(bytes), engine.parse(bytes)];
  if (ours && theirs && arc.hasLoss) {
    demand(
      JSON.stringify(arc.arcFields()) === JSON.stringify({ ...engine.arcFields(), keyPhase: arc.keyPhase }),
      "divergence",
      "the dialects read other fields",
    );
    demand(arc.payloadStart === engine.payloadStart, "divergence", "the dialects disagree where the payload begins");
  }
  const plain = new RtpView();
  const enginePlain = new ArmoricoreRtpView();
  const [oursPlain, theirsPlain] = [plain.parse(bytes), enginePlain.parse(bytes)];
  demand(oursPlain === theirsPlain, "divergence", "plain RTP is accepted by one dialect alone");
  if (oursPlain) {
    demand(
      JSON.stringify(plain.headerFields()) === JSON.stringify(enginePlain.headerFields()),
      "divergence",
      "the dialects read other headers",
    );
  }
  return `${ours} ${theirs} ${oursPlain}`;
}

export const DIFFERENTIAL_TARGETS: readonly FuzzTarget[] = [
  {
    ...parserTarget({
      name: "differential.crypto",
      summary: "noble and node:crypto give the same bytes and refuse the same forgeries, in every suite",
      seeds: () =>
        [0, 1, 2].map((suite) => new SeededRng(suite).fill(new Uint8Array(60)).map((b, i) => i === 0 ? suite : b)),
      parse: compareBackends,
    }),
    area: "differential",
  },
  {
    ...parserTarget({
      name: "differential.dialects",
      summary: "arcrtc-1.0 and armoricore read the same where both accept",
      seeds: arcRtpSeeds,
      vectorOps: ["rtp.parse"],
      generate: generateArcRtp,
      parse: compareDialects,
    }),
    area: "differential",
  },
];
