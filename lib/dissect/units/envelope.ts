/** What a unit was wrapped in besides a connection: names of the layer between. */

export type Envelope = PhoenixEnvelope | NatsEnvelope;

/** A Phoenix frame around a message, or one of the channel's own, without. */
export interface PhoenixEnvelope {
  readonly kind: "phoenix";
  readonly joinRef: string | null;
  readonly ref: string | null;
  readonly topic: string;
  readonly event: string;
  /** False where the unit is the frame itself: joins, replies, heartbeats of the channel. */
  readonly hasMessage: boolean;
  /** `status` of a reply. */
  readonly status?: string;
}

export interface NatsEnvelope {
  readonly kind: "nats";
  readonly subject: string;
}
