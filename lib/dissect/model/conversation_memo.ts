/** What is remembered of a conversation from one unit to the next. */
import { DialectEvidence } from "./dialect_evidence.ts";
import type { ReducedFollower } from "./reduced_follower.ts";
import type { SessionEntry } from "./session_registry.ts";

/** One direction of it. */
export class FlowMemo {
  readonly evidence = new DialectEvidence();
  follower: ReducedFollower | undefined = undefined;
}

export class ConversationMemo {
  readonly flows: readonly [FlowMemo, FlowMemo] = [new FlowMemo(), new FlowMemo()];
  /** Session of the last unit that told: media, or what was sealed. */
  session: SessionEntry | undefined = undefined;
}
