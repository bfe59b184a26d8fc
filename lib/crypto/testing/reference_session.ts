/**
 * One session's keys, computed outside of this project's code (Python's `hashlib` and `hmac`, P-256 written out as
 * affine arithmetic). Private keys are SHA-256 of "caller" and "callee".
 */
import { hex } from "./backends.ts";

export const SESSION_ID = "4f9e2f4c-1d1f-4c63-9d3f-0a4b7f6c5d21";
export const CALLER_ID = "11111111-2222-4333-8444-555555555555";
export const CALLEE_ID = "99999999-8888-4777-a666-555555555555";
export const STREAM_ID = "7b0c4a52-6c6e-4b43-8f4d-2f3f1a9e8d70";

export const CALLER_PRIVATE = hex("61de55ba3388aec4fdf6ecfc6eef846fb0f1b13e28cc8381270c27ffa313aee5");
export const CALLEE_PRIVATE = hex("92ca4c0ced628df1e7b9f336416ead190bd0348615b6f71a64b21d1b68d4e7e2");
export const CALLER_PUBLIC = "BGOmXGIuNXXScxSZ6XmQkimNWV0Eln18A6TCJeH-uKAQCGmgfusQCN41WuAADoO2Ma_6IiPOfnPLcU_Y213fpIU";
export const CALLEE_PUBLIC = "BD3Ed3bBScstYnf_q9_TZ83Hs8p9Jn3muYGHZgKZhN74C-tv_ANxepkaGWVuhJPXpkdD4AejO8DcHAoZmyx1xU0";
export const X = hex("575af417361e185bb5a0e165ea8cd89c3092119e3fb84ecde6725d78b7f9a9a6");

/** Offered aes-256-gcm,rot13,aes-128-gcm and hmac-sha256-80,none; chosen the first of each. */
export const TRANSCRIPT_0 = hex("68912076d499cd5dbca4a71a41466ec4700ba7002a54a02a50203e15644fe444");
/** The same with the certificates "caller certificate" and "callee certificate" (their UTF-8 bytes as DER). */
export const TRANSCRIPT_0_CERTIFIED = hex("6bf6d59238c666083600c3975d3f765d72efac59aed1ba856d431fdf26227fcd");
/** Epoch 1 with the same key pairs, which only a test would do. */
export const TRANSCRIPT_1 = hex("c56177c3b9be24d6d78282ea9c25018f2a0dc7960ddc679a5e8263c23e98ca32");

export const MASTER_0 = hex("0574fabc664f5f61ab09852f3ce54c5ea622bbc892935d3ac191f34610d2d2ec");
export const MASTER_1 = hex("17b5a3c7ab362d59554c7635e831b77e8438254ab4b871edc9b05586ada7630c");
/** Of {@link STREAM_ID} under epoch 0; aes-128-gcm takes the first 16 bytes, since HKDF's output is a prefix of itself. */
export const ENCRYPTION_KEY = hex("24d19cc8eac30ce1885ddc973ea0778796adcc57dd3b476b7f85e4fa5aff2ef6");
export const AUTH_KEY = hex("cd73d4fc3b4f0840ac47acd84eafe173d4c4ccda2afac98d3c7c397aa25507cd");
export const SALT = hex("6fd1ee5d8e9d455bc07f9fb4");
/** Of the caller under epoch 0. */
export const RTCP_ENCRYPTION_KEY = hex("f086b27aafcb484ffa389ded31b859529184794d95c0eb2dffc22ce284ec06ab");
export const RTCP_AUTH_KEY = hex("90605f82f689805d5966a425e6af11f2e42712f0a2912d09bb3f62ca8376a05c");
export const RTCP_SALT = hex("3a9c9c46e22864afb03c8d30");
export const SEALING_KEY = hex("e03af9e573d6ae093f2be8169afeb653171f6331fafcc479d0aef50ee027942c");
export const PROOF_KEY = hex("15f6067c23e5377170a565e8feaab4972033d6386ddd8eec02558902aab02cc4");

/** `{"type":"HEARTBEAT"}` sealed by the caller under epoch 0 with counter 7. */
export const SEALED = hex("7b2274797065223a22484541525442454154227d0000000000000790fcfad69a2ae599394b6e52ccc2b32a");
/** The caller's KEY_ROTATE to epoch 1 with {@link CALLER_PUBLIC}. */
export const PROOF = "hq2nHwW8nhs4h4P8OrpSBw";
