/** Units as peers protect them, given to a modeller that has the keys: for tests of what is opened. */
import { concatBytes } from "../../base/bytes.ts";
import { SeededRng } from "../../base/rng.ts";
import { unwrap } from "../../base/parsed.ts";
import type { CryptoBackend } from "../../crypto/backend.ts";
import { rtcpKeys, sealingKey, streamKeys } from "../../crypto/key_schedule.ts";
import { SEAL_OVERHEAD_BYTES, Sealer } from "../../crypto/seal.ts";
import { srtcpOverheadBytes, SrtcpSender } from "../../crypto/srtcp.ts";
import { PacketBudget, SrtpStreamKeys } from "../../crypto/srtp_keys.ts";
import { SrtpSender } from "../../crypto/srtp_protect.ts";
import type { Authentication, SuiteName } from "../../crypto/suites.ts";
import { BACKENDS } from "../../crypto/testing/backends.ts";
import { plainPacket, type PlainPacketFields } from "../../crypto/testing/packets.ts";
import { ArcRtpView } from "../../packet/arcrtp.ts";
import { EXAMPLE_CALLEE, EXAMPLE_CALLER, EXAMPLE_SESSION, EXAMPLES } from "../../signaling/examples.ts";
import type { Message } from "../../signaling/messages/registry.ts";
import { writeMessage } from "../../signaling/parse_message.ts";
import { SessionSecrets } from "../keys/session_secrets.ts";
import { UnitOpener } from "../keys/unit_opener.ts";
import { SessionRegistry } from "../model/session_registry.ts";
import { UnitModeller } from "../model/unit_modeller.ts";
import { Scene } from "./scene.ts";
import { text } from "./streams.ts";

export const SSRC = 0x1111;
export const START = {
  ...EXAMPLES.STREAM_START.minimal,
  ssrc: SSRC,
  reduced_header: [{ context_id: 1, ssrc: SSRC, payload_type: 111, quality: 1 }],
};

export function masterOf(epoch: number): Uint8Array {
  return new SeededRng(300 + epoch).fill(new Uint8Array(32));
}

export interface ProtectedOptions {
  readonly suite?: SuiteName;
  readonly authentication?: Authentication;
  /** Epochs whose keys the onlooker has. */
  readonly known?: readonly number[];
  readonly backend?: CryptoBackend;
  /** What STREAM_START says of it. */
  readonly announcedRoc?: number;
  /** Of the sender's first packet. */
  readonly startRoc?: number;
}

export class ProtectedScene {
  readonly scene: Scene;
  readonly secrets: SessionSecrets;
  readonly #suite: SuiteName;
  readonly #authentication: Authentication;
  readonly #media: SrtpSender;
  readonly #rtcp = new SrtcpSender(SSRC);

  constructor(options: ProtectedOptions = {}) {
    this.#suite = options.suite ?? "aes-128-gcm";
    this.#authentication = options.authentication ?? "hmac-sha256-80";
    this.#media = new SrtpSender(SSRC, { startRoc: options.startRoc ?? 0 });
    this.secrets = new SessionSecrets(() => options.backend ?? BACKENDS[0]);
    for (const epoch of options.known ?? [0]) this.secrets.add(EXAMPLE_SESSION, epoch, masterOf(epoch));
    this.scene = new Scene(new UnitModeller(new SessionRegistry(), new UnitOpener(this.secrets)));
    const ack = EXAMPLES.CONNECT_ACK.full as Extract<typeof EXAMPLES.CONNECT_ACK.full, { accepted: true }>;
    const encryption = { ...ack.encryption, algorithm: this.#suite, authentication: this.#authentication };
    const up = { transport: "ws", conversation: 9 } as const;
    this.scene.say({ ...EXAMPLES.CONNECT.minimal, session_id: EXAMPLE_SESSION, peer_id: EXAMPLE_CALLER }, up);
    this.scene.say(
      { ...ack, session_id: EXAMPLE_SESSION, peer_id: EXAMPLE_CALLEE, encryption } as Message,
      { ...up, direction: 1 },
    );
    const { announcedRoc: roc } = options;
    const start = { ...START, session_id: EXAMPLE_SESSION };
    this.scene.say(roc === undefined ? start : { ...start, roc: [{ ssrc: SSRC, roc }] }, up);
  }

  /** A protected packet of {@link SSRC}. */
  media(fields: PlainPacketFields, epoch = 0): { readonly plain: Uint8Array; readonly wire: Uint8Array } {
    const plain = plainPacket({ ssrc: SSRC, keyPhase: epoch % 4, ...fields });
    const keys = this.#keys(streamKeys(masterOf(epoch), START.stream_id, this.#suite));
    const wire = concatBytes(plain, new Uint8Array(keys.overheadBytes));
    const view = new ArcRtpView();
    view.parse(wire, 0, plain.length);
    const outcome = this.#media.protect(keys, view);
    if (outcome !== "ok") throw new Error(outcome);
    return { plain, wire };
  }

  /** The caller's, protected. */
  rtcp(plain: Uint8Array, epoch = 0): Uint8Array {
    const keys = this.#keys(rtcpKeys(masterOf(epoch), EXAMPLE_CALLER, this.#suite));
    const wire = concatBytes(plain, new Uint8Array(srtcpOverheadBytes(keys)));
    const outcome = this.#rtcp.protect(keys, wire, 0, plain.length);
    if (outcome !== "ok") throw new Error(outcome);
    return wire;
  }

  sealed(message: Message, peerId = EXAMPLE_CALLER, epoch = 0): Uint8Array {
    const json = text(writeMessage(message));
    const wire = new Uint8Array(json.length + SEAL_OVERHEAD_BYTES);
    unwrap(new Sealer(BACKENDS[0].importMac(sealingKey(masterOf(epoch), peerId))).seal(json, wire));
    return wire;
  }

  #keys(material: ReturnType<typeof streamKeys>): SrtpStreamKeys {
    return new SrtpStreamKeys(BACKENDS[0], this.#suite, this.#authentication, material, new PacketBudget());
  }
}
