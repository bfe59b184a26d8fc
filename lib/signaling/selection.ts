/** The callee's choices out of the caller's offers (SPEC §4.5, §5.2.2), and the choice between protocols (§11.3). */
import type { Authentication, SuiteName } from "../crypto/suites.ts";
import { CODECS, type MediaKind } from "../media/codec.ts";
import type { ErrorCode } from "./error_codes.ts";
import type { Capabilities } from "./messages/connect.ts";

/** A codec that an end can use. Custom codecs are of a kind that only the application knows. */
export interface SupportedCodec {
  readonly name: string;
  readonly kind: MediaKind;
}

/** What an end can do, without order: the caller's preference decides. */
export interface Supported {
  readonly suites: readonly SuiteName[];
  readonly authentications: readonly Authentication[];
  readonly codecs: readonly SupportedCodec[];
}

export interface SelectedCodecs {
  readonly audio?: string;
  readonly video?: string;
}

export interface Selection {
  readonly suite: SuiteName;
  readonly authentication: Authentication;
  readonly codecs: SelectedCodecs;
}

/** A choice, or the code of the refusal. */
export type Selected =
  | { readonly ok: true; readonly selection: Selection }
  | { readonly ok: false; readonly reason: Extract<ErrorCode, "no_common_cipher" | "no_common_codec"> };

/** What an absent `capabilities.authentication` stands for. */
export const DEFAULT_AUTHENTICATIONS: readonly Authentication[] = ["hmac-sha256-80"];

/** The eight codecs with their kinds: what an end with every payload format supports. */
export const KNOWN_CODECS: readonly SupportedCodec[] = CODECS.map(({ name, kind }) => ({ name, kind }));

/** The callee's whole choice. Cipher before codec, so that a refusal has one reason. */
export function select(offer: Capabilities, supported: Supported): Selected {
  const suite = chooseSuite(offer.encryption, supported.suites);
  const authentication = chooseAuthentication(offer.authentication, supported.authentications);
  if (suite === undefined || authentication === undefined) return { ok: false, reason: "no_common_cipher" };
  const codecs = chooseCodecs(offer.codecs, supported.codecs);
  if (codecs === undefined) return { ok: false, reason: "no_common_codec" };
  return { ok: true, selection: { suite, authentication, codecs } };
}

/** SPEC ARC-SRTP-choice-suite. Names that nobody here knows are passed over. */
export function chooseSuite(offered: readonly string[], supported: readonly SuiteName[]): SuiteName | undefined {
  return firstCommon(offered, supported);
}

/** SPEC ARC-SRTP-choice-authentication. */
export function chooseAuthentication(
  offered: readonly string[] = DEFAULT_AUTHENTICATIONS,
  supported: readonly Authentication[],
): Authentication | undefined {
  return firstCommon(offered, supported);
}

/** The first supported codec of each kind; `undefined` where there is none of either (SPEC ARC-SIG-error-no-common-codec). */
export function chooseCodecs(
  offered: readonly string[],
  supported: readonly SupportedCodec[],
): SelectedCodecs | undefined {
  const first = (kind: MediaKind) => {
    const names = supported.filter((codec) => codec.kind === kind).map((codec) => codec.name);
    return firstCommon(offered, names);
  };
  const audio = first("audio");
  const video = first("video");
  if (audio === undefined && video === undefined) return undefined;
  return { ...(audio !== undefined && { audio }), ...(video !== undefined && { video }) };
}

function firstCommon<T extends string>(offered: readonly string[], supported: readonly T[]): T | undefined {
  for (const name of offered) {
    const match = supported.find((each) => each === name);
    if (match !== undefined) return match;
  }
  return undefined;
}

/** What the caller finds wrong with an acceptance, as the code to end the session with. */
export function checkSelection(
  offer: Capabilities,
  chosen: { readonly suite: string; readonly authentication?: string; readonly codecs: SelectedCodecs },
): "no_common_cipher" | "no_common_codec" | undefined {
  const { suite, authentication = DEFAULT_AUTHENTICATIONS[0], codecs } = chosen;
  const offeredAuthentications: readonly string[] = offer.authentication ?? DEFAULT_AUTHENTICATIONS;
  if (!offer.encryption.includes(suite) || !offeredAuthentications.includes(authentication)) return "no_common_cipher";
  for (const name of [codecs.audio, codecs.video]) {
    if (name !== undefined && !offer.codecs.includes(name)) return "no_common_codec";
  }
  return undefined;
}

/** What a client says of itself when the protocol is chosen. */
export interface ClientCapabilities {
  readonly supportsArcrtc: boolean;
  readonly supportsWebrtc: boolean;
  readonly nativePlatform: boolean;
}

export type TransportProtocol = "arcrtc" | "webrtc" | "hybrid";

/** The seed's `select_protocol`, as written (SPEC ARC-BRIDGE-select). It answers hybrid for a client that has neither. */
export function selectProtocol(client: ClientCapabilities): TransportProtocol {
  if (client.supportsArcrtc && client.nativePlatform) return "arcrtc";
  if (client.supportsWebrtc) return "webrtc";
  return "hybrid";
}

/** {@link selectProtocol} for a client that has a protocol at all (SPEC ARC-BRIDGE-select-none). */
export function chooseProtocol(
  client: ClientCapabilities,
): { readonly ok: true; readonly protocol: TransportProtocol } | { readonly ok: false; readonly message: string } {
  if (!client.supportsArcrtc && !client.supportsWebrtc) {
    return { ok: false, message: "Cannot choose a protocol: the client supports neither ArcRTC nor WebRTC" };
  }
  return { ok: true, protocol: selectProtocol(client) };
}
