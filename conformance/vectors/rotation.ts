/** Several epochs side by side at a receiver: SPEC clauses 3.4, 3.6 and 3.7 as far as single units show them. */
import { toHex, utf8 } from "../../lib/base/bytes.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { sealingKey } from "../../lib/crypto/key_schedule.ts";
import { SEAL_OVERHEAD_BYTES, Sealer } from "../../lib/crypto/seal.ts";
import { Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { CALLER, epochs, STREAM } from "./party.ts";
import { mediaProtection, protect, protectRtcp, rtcpProtection } from "./sealing.ts";
import { flip, packet, u16, u32, u8 } from "./wire.ts";

export function rotationVectors(): VectorFile {
  return vectorFile(
    "rotation",
    "A receiver that holds the keys of several epochs, listed in the order in which it tries them: current, then previous or pending. ArcRTP names its epoch by K; SRTCP and sealed units are tried. Windows, ROC and SRTCP index belong to the SSRC and go on across epochs.",
    {
      "Dropped": {
        meaning: "No held epoch fits, so the unit is dropped; under which reason it is counted is not laid down.",
        requirements: ["ARC-KEY-epoch-phase-lookup"],
      },
    },
    [receive()],
  );
}

type EpochNumber = 0 | 1 | 2;

const SSRC = 0x12345678;
const REPORT = u8(0x80) + u8(201) + u16(1) + u32(SSRC);
const JSON_TEXT = '{"type":"HEARTBEAT"}';

/** A unit and what becomes of it. */
interface Step {
  readonly hex: string;
  readonly result: Json;
}

function receive(): Group {
  const masters = epochs().map(({ master }) => toHex(master));
  const held = (...numbers: readonly number[]): Json => ({
    epochs: numbers.map((epoch) => ({ epoch, master_key: masters[epoch] ?? "" })),
  });
  const group = new Group("rotation.receive", {
    suite: "aes-128-gcm",
    authentication: "hmac-sha256-80",
    stream_id: STREAM,
    peer_id: CALLER,
  });
  const add = (id: string, comment: string, requirements: string, holding: Json, steps: readonly Step[]) => {
    const input = { ...holding, units: steps.map(({ hex }) => hex) };
    const results = { results: steps.map(({ result }) => result) };
    if (steps.every(({ result }) => !("fault" in result))) group.valid(id, comment, requirements, input, results);
    else {
      const dropped = steps.some(({ result }) => (result.fault as Json | undefined)?.reason === "bad_context");
      group.invalid(id, comment, requirements, input, { expected: results }, { flags: dropped ? ["Dropped"] : [] });
    }
  };
  const plain = (epoch: number, index: number) =>
    packet({ ssrc: SSRC, sequence: index % 65536, arc: { keyPhase: epoch & 3 }, payload: "aabb" });
  const wire = (epoch: EpochNumber, index: number, shown: number = epoch) =>
    protect(mediaProtection("aes-128-gcm", "hmac-sha256-80", epoch), plain(shown, index), Math.floor(index / 65536));
  const media = (epoch: EpochNumber, index: number): Step => ({
    hex: wire(epoch, index),
    result: { kind: "arcrtp", epoch, hex: plain(epoch, index) },
  });
  const rtcp = (epoch: EpochNumber, index: number): Step => ({
    hex: protectRtcp(rtcpProtection("aes-128-gcm", "hmac-sha256-80", epoch), REPORT, index),
    result: { kind: "rtcp", epoch, hex: REPORT },
  });
  const sealed = (epoch: EpochNumber, counter: number): Step => {
    const json = utf8(JSON_TEXT);
    const unit = new Uint8Array(json.length + SEAL_OVERHEAD_BYTES);
    const mac = nobleBackend.importMac(sealingKey(epochs()[epoch].master, CALLER));
    new Sealer(mac, counter).seal(json, unit);
    return { hex: toHex(unit), result: { kind: "json", epoch, json: JSON_TEXT } };
  };
  const refused = ({ hex }: Step, reason: string): Step => ({ hex, result: { fault: { reason } } });

  const PHASE = "ARC-KEY-epoch-phase-lookup ARC-RTP-key-phase-field";
  const TRIAL = "ARC-KEY-epoch-trial";
  const GOES_ON = "ARC-KEY-index-continues";
  add("media-one-epoch", "Before any rotation.", PHASE, held(0), [media(0, 100), media(0, 101)]);
  add("media-switch", "The sender begins to use epoch 1.", PHASE, held(1, 0), [
    media(0, 100),
    media(1, 101),
    media(1, 102),
  ]);
  add("media-old-comes-late", "A packet of the old epoch comes behind one of the new.", PHASE, held(1, 0), [
    media(0, 100),
    media(1, 102),
    media(0, 101),
    media(1, 103),
  ]);
  add("media-pending", "A packet of an epoch that the receiver has not used yet itself.", PHASE, held(0, 1), [
    media(0, 100),
    media(1, 101),
  ]);
  add("media-three-epochs", "Previous, current and pending epoch at once.", PHASE, held(1, 2, 0), [
    media(0, 100),
    media(1, 101),
    media(2, 102),
    media(0, 99),
  ]);
  add(
    "media-order-does-not-matter",
    "K names the epoch: the order of trial means nothing for media.",
    PHASE,
    held(0, 1),
    [media(1, 100), media(0, 101)],
  );
  add("media-old-epoch-gone", "The old epoch is no longer accepted.", PHASE, held(1), [
    media(1, 101),
    refused(media(0, 100), "bad_context"),
    media(1, 102),
  ]);
  add("media-unknown-phase", "K of an epoch that is not held.", PHASE, held(1, 0), [
    media(0, 100),
    refused(media(2, 101), "bad_context"),
  ]);
  add(
    "media-phase-lies",
    "Protected with the keys of epoch 1 and marked as epoch 0: only the keys that K names are tried.",
    PHASE,
    held(1, 0),
    [
      media(0, 100),
      refused({ hex: wire(1, 101, 0), result: {} }, "auth"),
      media(1, 101),
    ],
  );
  add("media-phase-flipped", "K of a good packet is changed on the way.", `${PHASE} ARC-SRTP-aad`, held(1, 0), [
    media(0, 100),
    refused({ hex: flip(wire(0, 101), 12, 0x04), result: {} }, "auth"),
    media(0, 101),
  ]);
  const fourth: Json = { epochs: [{ epoch: 4, master_key: masters[1] }, { epoch: 3, master_key: masters[0] }] };
  const late = (epoch: 3 | 4, index: number): Step => ({
    hex: wire(epoch === 3 ? 0 : 1, index, epoch),
    result: { kind: "arcrtp", epoch, hex: plain(epoch, index) },
  });
  add("media-phase-wraps", "Epoch 4 has key phase 0 again; epoch 0 is long gone.", PHASE, fourth, [
    late(3, 100),
    late(4, 101),
    late(3, 99),
  ]);
  add(
    "media-window-goes-on",
    "The replay window does not start over with an epoch: an index that was seen stays seen.",
    GOES_ON,
    held(1, 0),
    [
      media(0, 100),
      refused(media(1, 100), "replay"),
      media(1, 101),
    ],
  );
  add(
    "media-window-below",
    "Nor does its lower end: what is below the window stays below under the new keys.",
    GOES_ON,
    held(1, 0),
    [
      media(0, 200),
      refused(media(1, 136), "replay"),
    ],
  );
  add(
    "media-roc-goes-on",
    "The sequence number wraps right at the rotation: ROC 1 under the new keys.",
    GOES_ON,
    held(1, 0),
    [media(0, 65535), media(1, 65536), media(1, 65537)],
  );
  add(
    "media-replay-across",
    "A recorded packet of the old epoch comes again behind the rotation.",
    GOES_ON,
    held(1, 0),
    [
      media(0, 100),
      media(1, 101),
      refused(media(0, 100), "replay"),
    ],
  );

  add("rtcp-current", "RTCP of the current epoch.", TRIAL, held(1, 0), [rtcp(1, 0)]);
  add("rtcp-previous", "RTCP of the previous epoch, found on the second try.", TRIAL, held(1, 0), [
    rtcp(0, 0),
    rtcp(1, 1),
  ]);
  add("rtcp-pending", "RTCP of a pending epoch.", TRIAL, held(0, 1), [rtcp(1, 0), rtcp(0, 1)]);
  add(
    "rtcp-index-goes-on",
    "The index goes on: under the new epoch index 0 is a replay.",
    `${GOES_ON} ${TRIAL}`,
    held(1, 0),
    [
      rtcp(0, 0),
      refused(rtcp(1, 0), "replay"),
      rtcp(1, 1),
    ],
  );
  add("rtcp-epoch-gone", "RTCP of an epoch that is not held fails with all keys that are.", TRIAL, held(1, 2), [
    refused(rtcp(0, 0), "auth"),
    rtcp(1, 0),
  ]);

  add("sealed-current", "A sealed unit of the current epoch.", TRIAL, held(1, 0), [sealed(1, 0)]);
  add("sealed-previous", "Of the previous one.", TRIAL, held(1, 0), [sealed(0, 7), sealed(1, 0)]);
  add("sealed-pending", "Of a pending one.", TRIAL, held(0, 1), [sealed(1, 0)]);
  add(
    "sealed-counters-apart",
    "Each epoch counts from 0: the same counter under another key is no replay.",
    `ARC-SEAL-counter ${TRIAL}`,
    held(1, 0),
    [
      sealed(0, 0),
      sealed(1, 0),
      sealed(0, 1),
      sealed(1, 1),
    ],
  );
  add("sealed-replay", "A replay within an epoch stays one.", `ARC-SEAL-replay ${TRIAL}`, held(1), [
    sealed(1, 0),
    refused(sealed(1, 0), "replay"),
  ]);
  add("sealed-epoch-gone", "A sealed unit of an epoch that is not held.", TRIAL, held(1, 2), [
    refused(sealed(0, 0), "auth"),
  ]);
  add("all-kinds", "Media, RTCP and JSON around a rotation.", `${PHASE} ${TRIAL}`, held(1, 0), [
    media(0, 100),
    rtcp(0, 0),
    sealed(0, 0),
    media(1, 101),
    sealed(1, 0),
    rtcp(1, 1),
    media(0, 99),
  ]);
  return group;
}
