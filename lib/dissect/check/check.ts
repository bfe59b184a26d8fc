/** What every check is made of. */
import { hex32 } from "../../base/bytes.ts";
import type { UnitModel } from "../model/unit_model.ts";

/** Looks at the units of a capture one by one, and reports what it finds to the findings it was made with. */
export interface Check {
  /** Takes the next unit, whatever it is. */
  unit(unit: UnitModel): void;
  /** Tells that the capture has ended, `lastS` seconds after its first unit. */
  end?(lastS: number): void;
}

/** The conversation and direction of a unit as one number. */
export function flowOf({ unit }: UnitModel): number {
  return 2 * unit.conversation + unit.direction;
}

/** The other direction of a flow's conversation. */
export function reverseFlow(flow: number): number {
  return flow ^ 1;
}

/** What a packet of media is about, for findings. */
export function streamSubject(unit: UnitModel): string {
  const { ssrc } = unit;
  const role = unit.entry === undefined ? "" : ` (${unit.entry.role})`;
  return ssrc === undefined ? waySubject(unit) : `ssrc ${hex32(ssrc)}${role}`;
}

export function sessionSubject(sessionId: string): string {
  return `session ${sessionId}`;
}

export function waySubject({ unit }: UnitModel): string {
  return `${unit.source.text} > ${unit.destination.text}`;
}

/** What is known to begin in the capture can be judged by its beginning. */
export interface SessionBeginnings {
  /** True when the session's CONNECT is in the capture. */
  has(sessionId: string): boolean;
}
