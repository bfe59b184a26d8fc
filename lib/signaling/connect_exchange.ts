/** CONNECT and CONNECT_ACK, from both sides: the first handshake of a session and its resumptions (SPEC 3, 5.2, 5.5). */
import { EpochMachine } from "../crypto/epochs.ts";
import { judgeIdentity, type SessionRole, signIdentity } from "../crypto/identity.ts";
import { writePublicKey } from "../crypto/ecdh.ts";
import { PROTOCOL_VERSION } from "./version.ts";
import type { Agreement, EndpointContext } from "./endpoint_context.ts";
import type { ErrorCode } from "./error_codes.ts";
import type { Connect } from "./messages/connect.ts";
import type { ConnectAck } from "./messages/connect_ack.ts";
import { checkSelection, DEFAULT_AUTHENTICATIONS, select, type Selection } from "./selection.ts";
import { StreamRegistry } from "./stream_registry.ts";

type Acceptance = Extract<ConnectAck, { accepted: true }>;

/** A refusal on the way: its code and what to tell people. */
interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The peer's half of a handshake, judged and good. */
interface Half {
  readonly publicKey: Uint8Array;
  readonly agreement: Agreement;
}

export class ConnectExchange {
  readonly #context: EndpointContext;

  constructor(context: EndpointContext) {
    this.#context = context;
  }

  /** Sends the CONNECT that begins the session. */
  begin(nowMs: number): void {
    this.#context.setState("connecting");
    this.#context.request(this.#makeConnect(undefined, nowMs), nowMs);
  }

  /** Sends the CONNECT that resumes the session with a new epoch. */
  resume(epoch: number, nowMs: number): void {
    this.#context.request(this.#makeConnect(epoch, nowMs), nowMs);
  }

  #makeConnect(resumeEpoch: number | undefined, nowMs: number): Connect {
    const { config, keys, role } = this.#context;
    const epoch = resumeEpoch ?? 0;
    const publicKey = keys.offer(epoch);
    const common = {
      type: "CONNECT",
      version: PROTOCOL_VERSION,
      session_id: config.sessionId,
      peer_id: config.peerId,
      capabilities: {
        codecs: config.codecs.map((codec) => codec.name),
        resolutions: [...config.resolutions],
        encryption: [...config.suites],
        transport: ["udp", "tcp"],
        authentication: [...config.authentications],
        reduced_header: config.reducedHeader,
        fec: config.fec,
        rtx: config.rtx,
        native_platform: true,
      },
      network_info: config.networkInfo(),
      encryption: { key_exchange: "ecdh-p256", public_key: writePublicKey(publicKey) },
      ...this.#identityField(resumeEpoch === undefined ? "caller" : role, publicKey),
      ...(config.token === undefined ? {} : { token: config.token }),
      timestamp: this.#context.requestTimestamp("CONNECT", undefined, nowMs),
    } as const;
    if (resumeEpoch === undefined) return common;
    return { ...common, resume: true, epoch, proof: keys.prove("CONNECT", config.peerId, epoch, publicKey) };
  }

  #identityField(role: SessionRole, publicKey: Uint8Array): { identity?: Connect["identity"] } {
    const { identity, sessionId, peerId } = this.#context.config;
    if (identity === undefined) return {};
    const signature = signIdentity(identity.key.privateKey, { sessionId, peerId, role, publicKey });
    return { identity: { certificate: identity.certificateBase64, signature } };
  }

  /** A CONNECT that is no repetition. */
  onConnect(connect: Connect, nowMs: number): void {
    const { state, agreement } = this.#context;
    switch (state) {
      case "idle":
        return this.#answerFirst(connect, nowMs);
      case "connecting":
        return this.#onCrossing(connect, nowMs);
      case "connected":
      case "reconnecting":
        if (connect.peer_id !== agreement?.remote.peerId) {
          return this.#refuseConnect(connect, { code: "busy", message: "the session has its two peers" }, nowMs);
        }
        if (connect.resume === true) return this.#onResume(connect, nowMs);
        return this.#context.refuse(connect, "bad_state", "the session is connected: only a resumption is due", nowMs);
      case "closed":
        return; // the state table lets none in
    }
  }

  /** SPEC ARC-SIG-state-crossing-connect. */
  #onCrossing(connect: Connect, nowMs: number): void {
    const { config, requests, keys } = this.#context;
    if (config.peerId < connect.peer_id) return;
    const own = requests.open("CONNECT");
    if (own !== undefined) requests.answered(own);
    keys.forgetOffer(0);
    this.#answerFirst(connect, nowMs);
  }

  #answerFirst(connect: Connect, nowMs: number): void {
    const { config } = this.#context;
    if (connect.resume === true) {
      return this.#context.refuse(connect, "unknown_session", "there is no session to resume: start a new one", nowMs);
    }
    if (connect.peer_id === config.peerId) {
      return this.#context.refuse(connect, "bad_state", "the peer_id is our own", nowMs);
    }
    const selected = select(connect.capabilities, config);
    if (!selected.ok) {
      return this.#refuseConnect(connect, {
        code: selected.reason,
        message: selected.reason === "no_common_codec" ? "no offered codec is known" : "no offered suite is allowed",
      }, nowMs);
    }
    this.#context.role = "callee";
    const half = this.#judgeHalf(connect, connect, selected.selection, 0, nowMs);
    if ("code" in half) return this.#refuseConnect(connect, half, nowMs);
    this.#answerWith(connect, half, 0, nowMs);
    this.#establish(half.agreement, nowMs);
  }

  #onResume(connect: Connect & { readonly resume: true }, nowMs: number): void {
    const { keys, epochs, agreement } = this.#context;
    if (epochs === undefined || agreement === undefined) return;
    const { epoch, proof, peer_id, encryption, timestamp } = connect;
    const request = { request: "resume", epoch, timestampMs: timestamp } as const;
    const verdict = epochs.judge(request, nowMs);
    if (verdict === "drop") return;
    if (verdict === "bad_state") {
      return this.#context.refuse(connect, "bad_state", `epoch ${epoch} is not the next`, nowMs);
    }
    if (!keys.verify("CONNECT", peer_id, epoch, encryption.public_key, proof)) {
      const message = "the proof is not one of this session's peer";
      return this.#refuseConnect(connect, { code: "unauthorized", message }, nowMs);
    }
    const { suite, authentication } = agreement.negotiated;
    const offered: readonly string[] = connect.capabilities.authentication ?? DEFAULT_AUTHENTICATIONS;
    if (!connect.capabilities.encryption.includes(suite) || !offered.includes(authentication)) {
      const message = `a resumption keeps ${suite} with ${authentication}`;
      return this.#refuseConnect(connect, { code: "no_common_cipher", message }, nowMs);
    }
    const selection = { suite, authentication, codecs: agreement.codecs };
    const half = this.#judgeHalf(connect, connect, selection, epoch, nowMs);
    if ("code" in half) return this.#refuseConnect(connect, half, nowMs);
    this.#context.applyEpochs({ kind: "request", ...request }, nowMs, () => {
      this.#answerWith(connect, half, epoch, nowMs);
    });
    this.#resumed(half.agreement, epoch);
  }

  /**
   * Judges what the peer sent: its key, its identity, and what it says of itself. Changes nothing. `connect` holds the
   * offers. Roles are the session's, so in a resumption the asking peer may be the callee.
   */
  #judgeHalf(
    message: Connect | Acceptance,
    connect: Connect,
    { suite, authentication, codecs }: Selection,
    epoch: number,
    nowMs: number,
  ): Half | Refusal {
    const { config, keys, role } = this.#context;
    const remoteKey = keys.judgePeerKey(epoch, message.encryption.public_key);
    if (!remoteKey.ok) return { code: "bad_key", message: remoteKey.fault.message };
    const weAreCaller = role === "caller";
    const claim = {
      sessionId: config.sessionId,
      peerId: message.peer_id,
      role: weAreCaller ? "callee" : "caller",
      publicKey: remoteKey.value,
    } as const;
    const identity = judgeIdentity(config.identityPolicy, message.identity, claim, this.#context.unixMs(nowMs));
    if (!identity.ok) return identity;
    const ownCertificate = config.identity?.certificateDer;
    const remoteCertificate = identity.certificate?.der;
    const { capabilities } = message;
    return {
      publicKey: remoteKey.value,
      agreement: {
        role,
        codecs,
        negotiated: {
          callerPeerId: weAreCaller ? config.peerId : message.peer_id,
          calleePeerId: weAreCaller ? message.peer_id : config.peerId,
          callerCertificate: weAreCaller ? ownCertificate : remoteCertificate,
          calleeCertificate: weAreCaller ? remoteCertificate : ownCertificate,
          offeredEncryption: connect.capabilities.encryption,
          offeredAuthentication: connect.capabilities.authentication,
          suite,
          authentication,
        },
        remote: {
          peerId: message.peer_id,
          reducedHeader: capabilities?.reduced_header === true,
          rtx: capabilities?.rtx === true,
          fec: capabilities?.fec === true,
          networkInfo: message.network_info,
          certificate: identity.certificate,
        },
      },
    };
  }

  /** The answering side: our half, the epoch's keys, and the acceptance. */
  #answerWith(connect: Connect, half: Half, epoch: number, nowMs: number): void {
    const { config, keys, role } = this.#context;
    const { negotiated, codecs } = half.agreement;
    const publicKey = keys.offer(epoch);
    const ack: Acceptance = {
      type: "CONNECT_ACK",
      version: PROTOCOL_VERSION,
      session_id: config.sessionId,
      peer_id: config.peerId,
      accepted: true,
      selected_codecs: codecs,
      capabilities: { reduced_header: config.reducedHeader, fec: config.fec, rtx: config.rtx, native_platform: true },
      network_info: config.networkInfo(),
      encryption: {
        algorithm: negotiated.suite,
        authentication: negotiated.authentication,
        key_exchange: "ecdh-p256",
        public_key: writePublicKey(publicKey),
      },
      ...this.#identityField(role, publicKey),
      ...(epoch === 0 ? {} : { epoch, proof: keys.prove("CONNECT_ACK", config.peerId, epoch, publicKey) }),
      timestamp: this.#context.unixMs(nowMs),
    };
    this.#make(half, epoch);
    this.#context.answer(connect, ack, nowMs);
  }

  #make({ publicKey, agreement }: Half, epoch: number): void {
    const { keys, role } = this.#context;
    const master = keys.derive(epoch, publicKey, role === "caller", agreement.negotiated);
    this.#context.output({ kind: "epoch_made", epoch, master });
  }

  /** SPEC ARC-SIG-connect-ack-refusal, ARC-SIG-error-refusal-or-error. The endpoint stays as it was: another CONNECT may suit it. */
  #refuseConnect(connect: Connect, { code, message }: Refusal, nowMs: number): void {
    this.#context.output({ kind: "warning", code, message: `refused CONNECT: ${message}`, byPeer: false });
    const { config } = this.#context;
    if (this.#context.state === "connecting") this.#context.setState("idle");
    this.#context.answer(connect, {
      type: "CONNECT_ACK",
      version: PROTOCOL_VERSION,
      session_id: config.sessionId,
      peer_id: config.peerId,
      accepted: false,
      reason: code,
      timestamp: this.#context.unixMs(nowMs),
    }, nowMs);
  }

  onConnectAck(ack: ConnectAck, nowMs: number): void {
    const { requests, epochs, config, agreement } = this.#context;
    const connect = requests.open("CONNECT");
    if (connect?.type !== "CONNECT") return; // late, or the answer to one of its repetitions
    if (ack.peer_id === config.peerId || (agreement !== undefined && ack.peer_id !== agreement.remote.peerId)) return;
    if (!ack.accepted) {
      requests.answered(connect);
      if (epochs !== undefined && connect.resume === true) {
        this.#context.output({
          kind: "warning",
          code: ack.reason,
          message: "the resumption was refused",
          byPeer: true,
        });
        return this.#context.applyEpochs({ kind: "failed", request: "resume", epoch: connect.epoch }, nowMs);
      }
      return this.#context.close({
        kind: "closed",
        why: "refused",
        byPeer: true,
        code: ack.reason,
        message: `the other peer refuses the session: ${ack.reason}`,
      }, nowMs);
    }
    const epoch = connect.resume === true ? connect.epoch : 0;
    const half = this.#judgeAck(connect, ack, epoch, nowMs);
    if ("code" in half) {
      // A wrong proof changes nothing: the right answer may still come (SPEC ARC-KEY-epoch-wrong-proof).
      if (half.code === "unauthorized") return this.#context.refuse(ack, half.code, half.message, nowMs);
      requests.answered(connect);
      return this.#giveUp(ack, half, nowMs);
    }
    requests.answered(connect);
    if (connect.resume !== true) {
      this.#make(half, epoch);
      return this.#establish(half.agreement, nowMs);
    }
    const event = { kind: "answer", request: "resume", epoch, timestampMs: ack.timestamp } as const;
    this.#context.applyEpochs(event, nowMs, () => this.#make(half, epoch));
    this.#resumed(half.agreement, epoch);
  }

  /** The asking side: is the acceptance among the offers, proven, and its half good? */
  #judgeAck(connect: Connect, ack: Acceptance, epoch: number, nowMs: number): Half | Refusal {
    const { keys } = this.#context;
    const { algorithm: suite, authentication = DEFAULT_AUTHENTICATIONS[0], public_key } = ack.encryption;
    const codecs = ack.selected_codecs;
    const wrong = checkSelection(connect.capabilities, { suite, authentication, codecs });
    if (wrong !== undefined) return { code: wrong, message: "the answer is not among the offers" };
    const isResumption = connect.resume === true;
    if (
      isResumption && (ack.epoch !== epoch || !keys.verify("CONNECT_ACK", ack.peer_id, epoch, public_key, ack.proof))
    ) {
      return { code: "unauthorized", message: "the proof is not one of this session's peer" };
    }
    return this.#judgeHalf(ack, connect, { suite, authentication, codecs }, epoch, nowMs);
  }

  /** The callee believes that it is connected: tell it that it is not. */
  #giveUp(ack: Acceptance, { code, message }: Refusal, nowMs: number): void {
    const { config } = this.#context;
    this.#context.refuse(ack, code, message, nowMs);
    this.#context.send({
      type: "DISCONNECT",
      session_id: config.sessionId,
      peer_id: config.peerId,
      reason: "error",
      timestamp: this.#context.requestTimestamp("DISCONNECT", undefined, nowMs),
    });
    this.#context.close({ kind: "closed", why: "refused", byPeer: false, code, message }, nowMs);
  }

  #establish(agreement: Agreement, nowMs: number): void {
    const { config } = this.#context;
    this.#context.agreement = agreement;
    this.#context.epochs = new EpochMachine(config.peerId, agreement.remote.peerId, nowMs, config.epochLimits);
    this.#context.streams = new StreamRegistry(agreement.negotiated.suite);
    this.#context.setState("connected");
    this.#context.output({ kind: "connected", agreement });
  }

  #resumed(agreement: Agreement, epoch: number): void {
    this.#context.agreement = agreement;
    this.#context.setState("connected");
    this.#context.output({ kind: "resumed", epoch, agreement });
  }
}
