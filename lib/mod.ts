/**
 * ArcRTC for outsiders: what a program that only uses the library needs, one import. Inside `lib/` import the file that
 * defines the thing.
 *
 * ```ts
 * import { parseArcRtp, toHex } from "@arcrtc/arcrtc";
 *
 * const packet = parseArcRtp(bytes);
 * if (packet.ok) console.log(packet.value.ssrc, toHex(packet.value.payload()));
 * else console.log(packet.fault.reason, packet.fault.offset, packet.fault.message);
 * ```
 *
 * @module
 */
export * from "./base/address_table.ts";
export * from "./base/batch.ts";
export * from "./base/bytes.ts";
export * from "./base/parsed.ts";
export * from "./base/rng.ts";
export * from "./base/uuid.ts";

export * from "./packet/arcrtp.ts";
export * from "./packet/demux.ts";
export * from "./packet/extensions.ts";
export * from "./packet/framing.ts";
export * from "./packet/plain_rtp.ts";
export * from "./packet/reduced.ts";
export * from "./packet/reduced_receiver.ts";
export * from "./packet/reduced_sender.ts";
export * from "./packet/rtcp/compound.ts";
export * from "./packet/rtp_header.ts";
export * from "./packet/rtp_view.ts";

export * from "./crypto/backend.ts";
export * from "./crypto/backend_choice.ts";
export * from "./crypto/ecdh.ts";
export * from "./crypto/epochs.ts";
export * from "./crypto/identity.ts";
export * from "./crypto/key_schedule.ts";
export * from "./crypto/proof.ts";
export * from "./crypto/relay_token.ts";
export * from "./crypto/replay_window.ts";
export * from "./crypto/seal.ts";
export * from "./crypto/srtcp.ts";
export * from "./crypto/srtp_keys.ts";
export * from "./crypto/srtp_protect.ts";
export * from "./crypto/srtp_unprotect.ts";
export * from "./crypto/suites.ts";
export * from "./crypto/transcript.ts";

export * from "./signaling/endpoint.ts";
export * from "./signaling/endpoint_context.ts";
export * from "./signaling/error_codes.ts";
export * from "./signaling/hub.ts";
export * from "./signaling/messages/registry.ts";
export * from "./signaling/parse_message.ts";
export * from "./signaling/selection.ts";

export * from "./bridge/bridge_codecs.ts";
export * from "./bridge/connect_of_sdp.ts";
export * from "./bridge/negotiated_map.ts";
export * from "./bridge/packet_translator.ts";
export * from "./bridge/rtcp_translator.ts";
export * from "./bridge/sdp_of_connect.ts";
export * from "./bridge/sdp_session.ts";
export * from "./bridge/sdp_writer.ts";
export * from "./bridge/stream_of_sdp.ts";
export * from "./bridge/stream_table.ts";
export * from "./bridge/transcoding.ts";

export * from "./quality/adapt.ts";
export * from "./quality/ladder.ts";
