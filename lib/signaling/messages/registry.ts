/** Every message type and its schema: the one list that parser, writer, JSON Schema, dissector and docs go by. */
import type * as v from "valibot";
import { type Connect, ConnectSchema } from "./connect.ts";
import { type ConnectAck, ConnectAckSchema } from "./connect_ack.ts";
import { type Heartbeat, type HeartbeatAck, HeartbeatAckSchema, HeartbeatSchema } from "./heartbeat.ts";
import { type KeyRotate, type KeyRotateAck, KeyRotateAckSchema, KeyRotateSchema } from "./key_rotate.ts";
import { type Metrics, MetricsSchema } from "./metrics.ts";
import { type Ack, AckSchema, type Disconnect, DisconnectSchema, type ErrorMessage, ErrorSchema } from "./outcome.ts";
import {
  type RelayBind,
  RelayBindSchema,
  type RelayBound,
  RelayBoundSchema,
  type RelayChallenge,
  RelayChallengeSchema,
  type RelayKeys,
  RelayKeysSchema,
  type RelayUnbind,
  RelayUnbindSchema,
} from "./relay.ts";
import { type RelayStatus, RelayStatusSchema, type ServerStatus, ServerStatusSchema } from "./status.ts";
import { type QualityAdapt, QualityAdaptSchema, type StreamStop, StreamStopSchema } from "./stream_control.ts";
import { type StreamStart, StreamStartSchema } from "./stream_start.ts";

/** The message of each type. */
export interface MessageByType {
  readonly CONNECT: Connect;
  readonly CONNECT_ACK: ConnectAck;
  readonly STREAM_START: StreamStart;
  readonly STREAM_STOP: StreamStop;
  readonly QUALITY_ADAPT: QualityAdapt;
  readonly HEARTBEAT: Heartbeat;
  readonly HEARTBEAT_ACK: HeartbeatAck;
  readonly KEY_ROTATE: KeyRotate;
  readonly KEY_ROTATE_ACK: KeyRotateAck;
  readonly METRICS: Metrics;
  readonly DISCONNECT: Disconnect;
  readonly ACK: Ack;
  readonly ERROR: ErrorMessage;
  readonly RELAY_BIND: RelayBind;
  readonly RELAY_CHALLENGE: RelayChallenge;
  readonly RELAY_BOUND: RelayBound;
  readonly RELAY_UNBIND: RelayUnbind;
  readonly RELAY_KEYS: RelayKeys;
}

export type MessageType = keyof MessageByType;

/** Any ArcSignaling message, told apart by `type`. */
export type Message = MessageByType[MessageType];

/** In the order of SPEC §5.2. */
export const MESSAGE_SCHEMAS = {
  CONNECT: ConnectSchema,
  CONNECT_ACK: ConnectAckSchema,
  STREAM_START: StreamStartSchema,
  STREAM_STOP: StreamStopSchema,
  QUALITY_ADAPT: QualityAdaptSchema,
  HEARTBEAT: HeartbeatSchema,
  HEARTBEAT_ACK: HeartbeatAckSchema,
  KEY_ROTATE: KeyRotateSchema,
  KEY_ROTATE_ACK: KeyRotateAckSchema,
  METRICS: MetricsSchema,
  DISCONNECT: DisconnectSchema,
  ACK: AckSchema,
  ERROR: ErrorSchema,
  RELAY_BIND: RelayBindSchema,
  RELAY_CHALLENGE: RelayChallengeSchema,
  RELAY_BOUND: RelayBoundSchema,
  RELAY_UNBIND: RelayUnbindSchema,
  RELAY_KEYS: RelayKeysSchema,
} as const satisfies { readonly [T in MessageType]: v.GenericSchema<unknown, MessageByType[T]> };

export const MESSAGE_TYPES: readonly MessageType[] = Object.keys(MESSAGE_SCHEMAS) as MessageType[];

export function isMessageType(text: string): text is MessageType {
  return Object.hasOwn(MESSAGE_SCHEMAS, text);
}

/** What servers and relays publish about themselves. */
export interface StatusByType {
  readonly RELAY_STATUS: RelayStatus;
  readonly SERVER_STATUS: ServerStatus;
}

export type StatusMessage = StatusByType[keyof StatusByType];

export const STATUS_SCHEMAS = {
  RELAY_STATUS: RelayStatusSchema,
  SERVER_STATUS: ServerStatusSchema,
} as const satisfies { readonly [T in keyof StatusByType]: v.GenericSchema<unknown, StatusByType[T]> };

export function isStatusType(text: string): text is keyof StatusByType {
  return Object.hasOwn(STATUS_SCHEMAS, text);
}
