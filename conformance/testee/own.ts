/** Our own library as a testee. */
import type { CryptoBackend } from "../../lib/crypto/backend.ts";
import { SUITE_NAMES } from "../../lib/crypto/suites.ts";
import { CODECS } from "../../lib/media/codec.ts";
import { bridgeOps } from "./ops/bridge.ts";
import { bridgePacketOps } from "./ops/bridge_packets.ts";
import { dialectOps } from "./ops/dialect.ts";
import { fecOps } from "./ops/fec.ts";
import { jitterOps } from "./ops/jitter.ts";
import { keysOps } from "./ops/keys.ts";
import { keystoreOps, type ReadFile } from "./ops/keystore.ts";
import { LACKING } from "./ops/lacking.ts";
import { pathOps } from "./ops/paths.ts";
import { payloadOps } from "./ops/payload.ts";
import { qualityOps } from "./ops/quality.ts";
import { receiveOps } from "./ops/receive.ts";
import { reducedOps } from "./ops/reduced.ts";
import { relayOps } from "./ops/relay.ts";
import { rtcpOps } from "./ops/rtcp.ts";
import { rtpOps } from "./ops/rtp.ts";
import { sealOps } from "./ops/seal.ts";
import { signalingOps } from "./ops/signaling.ts";
import { signalingRunOps } from "./ops/signaling_run.ts";
import { srtcpOps } from "./ops/srtcp.ts";
import { srtpOps } from "./ops/srtp.ts";
import { statsOps } from "./ops/stats.ts";
import { unitOps } from "./ops/unit.ts";
import { vectorOps } from "./ops/vectors.ts";
import { DIALECTS } from "./rtp_json.ts";
import { opOk, type Ops, Testee } from "./testee.ts";

export interface OwnTesteeOptions {
  /** What `hello` names itself. */
  readonly version: string;
  readonly crypto: CryptoBackend;
  /** Reads the files of `keystore.open`, which is unsupported without it. */
  readonly readFile?: ReadFile;
}

export function ownTestee(options: OwnTesteeOptions): Testee {
  return new Testee(allOps(options));
}

/** What {@link ownTestee} answers with, for those who change it: mutants. */
export function allOps(options: OwnTesteeOptions): Ops {
  return { ...LACKING, ...ownOps(options) };
}

function ownOps({ version, crypto, readFile }: OwnTesteeOptions): Ops {
  const ops: Ops = {
    ...unitOps,
    ...rtpOps,
    ...reducedOps,
    ...keysOps(crypto),
    ...sealOps(crypto),
    ...relayOps,
    ...srtpOps(crypto),
    ...srtcpOps(crypto),
    ...rtcpOps,
    ...signalingOps,
    ...signalingRunOps(crypto),
    ...payloadOps,
    ...fecOps,
    ...receiveOps,
    ...jitterOps,
    ...qualityOps,
    ...pathOps,
    ...bridgeOps,
    ...bridgePacketOps,
    ...vectorOps,
    ...(readFile === undefined ? {} : keystoreOps(readFile)),
    ...dialectOps,
    ...statsOps,
  };
  const hello = {
    name: "arcrtc",
    version,
    ops: ["hello", ...Object.keys(ops)],
    dialects: DIALECTS,
    suites: SUITE_NAMES,
    codecs: CODECS.map((codec) => codec.name),
    backends: { crypto: crypto.name },
  };
  return { ...ops, hello: () => opOk(hello) };
}
