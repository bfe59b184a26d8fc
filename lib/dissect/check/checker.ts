/**
 * All checks over a capture: the same rules that the conformance suite goes by, as far as a third party can see them.
 *
 * ```ts
 * const checker = new CaptureChecker();
 * for (each unit) checker.handle(modeller.handle(unit));
 * checker.end();
 * checker.verdicts; // pass, fail or skipped for each rule that a capture can show
 * checker.findings; // what fails, with its packets
 * ```
 */
import type { UnitModel } from "../model/unit_model.ts";
import { BoundedMap } from "../model/bounded_map.ts";
import type { Check } from "./check.ts";
import { type Finding, Findings } from "./findings.ts";
import { KeyCheck } from "./key_check.ts";
import { MediaCheck } from "./media_check.ts";
import { ReducedCheck } from "./reduced_check.ts";
import { RequestCheck } from "./request_check.ts";
import { RtcpCheck } from "./rtcp_check.ts";
import { SessionCheck } from "./session_check.ts";
import { MessageCheck } from "./message_check.ts";
import { PhoenixCheck } from "./phoenix_check.ts";
import { RelayCheck } from "./relay_check.ts";
import { RepairCheck } from "./repair_check.ts";
import { RotationCheck } from "./rotation_check.ts";
import { ServerCheck } from "./server_check.ts";
import type { RuleVerdict } from "./rules.ts";
import { UnitCheck } from "./unit_check.ts";
import { waySubject } from "./check.ts";

const MAX_SESSIONS = 4096;

export class CaptureChecker {
  readonly #findings = new Findings();
  readonly #checks: readonly Check[];
  #lastS = 0;

  constructor() {
    const findings = this.#findings;
    const sessions = new SessionCheck(findings);
    this.#checks = [
      new UnitCheck(findings),
      sessions,
      new DialectCheck(findings),
      new RequestCheck(findings),
      new MediaCheck(findings, sessions),
      new ReducedCheck(findings, sessions),
      new RtcpCheck(findings, sessions),
      new RepairCheck(findings),
      new RotationCheck(findings),
      new MessageCheck(findings),
      new PhoenixCheck(findings),
      new ServerCheck(findings),
      new RelayCheck(findings),
      new KeyCheck(findings),
    ];
  }

  /** Takes the next unit, whatever it is. */
  handle(unit: UnitModel): void {
    this.#lastS = unit.timeS;
    for (const check of this.#checks) check.unit(unit);
  }

  /** Tells that the capture has ended. */
  end(): void {
    for (const check of this.#checks) check.end?.(this.#lastS);
  }

  get findings(): readonly Finding[] {
    return this.#findings.list;
  }

  /** On each rule that a capture can show: `skipped` where nothing in this one does. */
  get verdicts(): readonly RuleVerdict[] {
    return this.#findings.verdicts;
  }

  /** Breaches beyond those that are told apart. */
  get further(): number {
    return this.#findings.further;
  }
}

/** SPEC ARC-DIALECT-no-mixing. */
class DialectCheck implements Check {
  readonly #findings: Findings;
  readonly #dialects = new BoundedMap<string, { readonly dialect: string; readonly packet: number }>(MAX_SESSIONS);

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  unit(unit: UnitModel): void {
    const { dialect, sessionId } = unit;
    const isMessage = unit.message !== undefined || unit.engineMessage !== undefined;
    if (!isMessage || dialect === undefined || sessionId === undefined) return;
    this.#findings.judged("ARC-DIALECT-no-mixing");
    const first = this.#dialects.get(sessionId);
    if (first === undefined) this.#dialects.set(sessionId, { dialect, packet: unit.unit.packet });
    else if (first.dialect !== dialect) {
      const text = `a message of ${dialect} in a session that was ${first.dialect} in packet ${first.packet}`;
      this.#findings.add("ARC-DIALECT-no-mixing", waySubject(unit), unit.unit.packet, text);
    }
  }
}
