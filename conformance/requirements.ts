/**
 * Reads the rules out of `SPEC.md`.
 *
 * The specification is prose for people; this file is the one place that knows how a rule looks in it, so that the
 * registry, the coverage check, reports and `explain` all speak of the same rules.
 *
 * ```text
 * ## 2.1 Full header
 * - **ARC-RTP-arc-block** MUST: The Arc block follows ... _(seed: ArcRTP Header Fields. choice: why)_
 *     id                  level  text                       note
 * ```
 */

/** How binding a rule is. A prohibition is a MUST whose text says "must not". */
export type Level = (typeof LEVELS)[number];

/** Who can see a breach: anyone on the wire, only the driver of a testee, or nobody outside. */
export type Observable = (typeof OBSERVABLES)[number];

/** What part of the protocol a rule is about; the second word of its id. */
export type Area = (typeof AREAS)[number];

/** One rule of the specification. */
export interface Requirement {
  /** Stable name, such as `ARC-RTP-arc-block`. */
  readonly id: string;
  readonly level: Level;
  readonly area: Area;
  /** Number of the clause that holds the rule, such as `2.1`. */
  readonly clause: string;
  /** Title of that clause. */
  readonly title: string;
  /** The rule itself on one line, without its note. */
  readonly text: string;
  /** Clause heading of the seed specification (several are joined by `; `), or null where the seed is silent. */
  readonly seed: string | null;
  /** Why this text decided as it did. */
  readonly choice?: string;
  readonly observable: Observable;
  /** Why it is observable only so. */
  readonly why?: string;
}

/** Outcome of {@linkcode parseSpec}. */
export interface ParsedSpec {
  /** The well-formed rules in the order of the text. */
  readonly requirements: Requirement[];
  /** What is wrong with the text, one sentence each, with line numbers; empty for a sound specification. */
  readonly problems: string[];
}

export const LEVELS = ["MUST", "SHOULD", "MAY"] as const;

export const OBSERVABLES = ["wire", "testee", "none"] as const;

export const AREAS = [
  "UNIT",
  "RTP",
  "RTCP",
  "KEY",
  "SRTP",
  "SIG",
  "SEAL",
  "TRANSPORT",
  "PATH",
  "RELAY",
  "QUALITY",
  "LOSS",
  "JITTER",
  "METRICS",
  "MEDIA",
  "BRIDGE",
  "DIALECT",
  "ROBUST",
  "BUDGET",
] as const;

/** The clause headings of the seed specification that rules may cite. */
export const SEED_HEADINGS: ReadonlySet<string> = new Set([
  "Overview",
  "Core Principles",
  "Key Differentiators from WebRTC",
  "Layer Structure",
  "Message Types",
  "Connection Request",
  "Connection Response",
  "Stream Start",
  "Stream Stop",
  "Quality Adaptation",
  "Heartbeat",
  "Heartbeat Response",
  "Signaling Transport",
  "Key Exchange",
  "ArcRTP (Enhanced RTP)",
  "Packet Format",
  "Enhancements Over Standard RTP",
  "ArcRTP Header Fields",
  "ArcSRTP (Secure RTP)",
  "Encryption",
  "Authentication",
  "Key Rotation",
  "Connection Establishment",
  "Simplified Flow (vs WebRTC ICE)",
  "NAT Traversal",
  "Automatic Adaptation",
  "Quality Levels",
  "Rapid Quality Switching",
  "Performance Optimizations",
  "Security",
  "Replay Protection",
  "Key Management",
  "Interoperability with WebRTC",
  "Hybrid Mode",
  "Client Selection",
  "Protocol Translation",
  "Signaling Bridge",
  "Codec Support",
  "Audio Codecs",
  "Video Codecs",
  "Latency Targets",
  "End-to-End Latency Budget",
  "Jitter Buffer",
  "Error Handling",
  "Packet Loss",
  "Network Errors",
  "Connection Errors",
  "Monitoring & Metrics",
  "Key Metrics",
  "Reporting",
]);

/** Anything that looks like a requirement id, wherever it stands in a text. */
export const REQUIREMENT_ID = /\bARC-[A-Z]+-[a-z0-9]+(?:-[a-z0-9]+)*/g;

const CLAUSE_HEADING = /^#{1,6} (?<clause>\d+(?:\.\d+)*) (?<title>.+)$/;
const RULE = /^- \*\*(?<id>[^*]+)\*\* (?<level>[A-Za-z]+): (?<text>.+) (?<mark>[*_])\((?<note>.+)\)\k<mark>$/;
const ID = /^ARC-(?<area>[A-Z]+)-(?<words>[a-z0-9]+(?:-[a-z0-9]+)*)$/;
const NOTE = /^seed: (?<seed>.+?)(?:\. choice: (?<choice>.+?))?(?:\. observable: (?<observable>.+))?$/;
const OBSERVABLE = /^(?<who>[a-z]+)(?: \((?<why>.+)\))?$/;

/**
 * Parses the text of the specification.
 *
 * Never throws on a faulty text: a bad rule is left out of `requirements` and named in `problems`. Fenced blocks hold
 * diagrams and tables and are not read.
 */
export function parseSpec(markdown: string): ParsedSpec {
  const requirements: Requirement[] = [];
  const problems: string[] = [];
  const lineOfId = new Map<string, number>();
  const mentions: { readonly id: string; readonly line: number }[] = [];
  let clause: { readonly number: string; readonly title: string } | undefined;

  for (const block of blocksOf(markdown)) {
    const heading = CLAUSE_HEADING.exec(block.text)?.groups;
    if (heading) {
      clause = { number: heading.clause, title: heading.title };
      continue;
    }
    if (!block.text.startsWith("- **ARC-")) {
      for (const [id] of block.text.matchAll(REQUIREMENT_ID)) mentions.push({ id, line: block.line });
      // A rule that lost its bold marks or its bullet would vanish from the registry without a sound.
      if (/^[-*+] .*\bARC-[A-Z]+-\S+ *(MUST|SHOULD|MAY)\b/.test(block.text) || /^[-*+] \**ARC-/.test(block.text)) {
        problems.push(`line ${block.line}: malformed rule: ${excerpt(block.text)}`);
      }
      continue;
    }
    const rule = parseRule(block.text, clause);
    if (!rule.ok) {
      problems.push(...rule.problems.map((problem) => `line ${block.line}: ${problem}`));
      // A known-bad rule still defines its id: mentions of it elsewhere are not a second problem.
      if (rule.id !== undefined) lineOfId.set(rule.id, block.line);
      continue;
    }
    const { requirement } = rule;
    const firstLine = lineOfId.get(requirement.id);
    if (firstLine !== undefined) {
      problems.push(`line ${block.line}: duplicate id ${requirement.id}, first on line ${firstLine}`);
      continue;
    }
    lineOfId.set(requirement.id, block.line);
    requirements.push(requirement);
    const rest = `${requirement.text} ${requirement.choice ?? ""} ${requirement.why ?? ""}`;
    for (const [id] of rest.matchAll(REQUIREMENT_ID)) mentions.push({ id, line: block.line });
  }
  for (const { id, line } of mentions) {
    if (!lineOfId.has(id)) problems.push(`line ${line}: mentions ${id}, which no rule defines`);
  }
  return { requirements, problems };
}

type ParsedRule =
  | { readonly ok: true; readonly requirement: Requirement }
  | { readonly ok: false; readonly id?: string; readonly problems: string[] };

function parseRule(text: string, clause: { readonly number: string; readonly title: string } | undefined): ParsedRule {
  const rule = RULE.exec(text)?.groups;
  if (!rule) {
    const id = /^- \*\*(ARC-[^*\s]+)\*\*/.exec(text)?.[1];
    // The commonest slip gets its own message: the rule is fine and its note was forgotten.
    const what = id !== undefined && !/[*_]\(seed: /.test(text) ? "missing seed note" : "malformed rule";
    return { ok: false, ...(id === undefined ? {} : { id }), problems: [`${what}: ${excerpt(text)}`] };
  }
  const { id, level } = rule;
  const problems: string[] = [];
  const idParts = ID.exec(id)?.groups;
  const area = AREAS.find((candidate) => candidate === idParts?.area);
  if (!idParts) {
    problems.push(`malformed id ${id}: expected ARC-<AREA>-<lower-case-words>`);
  } else {
    if (area === undefined) problems.push(`unknown area ${idParts.area} in ${id}: expected one of ${AREAS.join(" ")}`);
    if (idParts.words.split("-").some((word) => /^\d+$/.test(word))) {
      problems.push(`malformed id ${id}: ids are words, never ordinals`);
    }
  }
  const knownLevel = LEVELS.find((candidate) => candidate === level);
  if (knownLevel === undefined) problems.push(`unknown level ${level} in ${id}: expected one of ${LEVELS.join(" ")}`);
  if (clause === undefined) problems.push(`rule ${id} stands outside of every numbered clause`);

  const note = NOTE.exec(rule.note)?.groups;
  if (!note) {
    problems.push(`missing seed note in ${id}: expected "seed: <heading>" or "seed: silent", got "${rule.note}"`);
    return { ok: false, id, problems };
  }
  const seed = note.seed === "silent" ? null : note.seed;
  for (const heading of seed?.split("; ") ?? []) {
    if (!SEED_HEADINGS.has(heading)) problems.push(`unknown seed heading "${heading}" in ${id}`);
  }
  if (seed === null && note.choice === undefined) problems.push(`missing choice in ${id}: the seed is silent`);

  const visibility = OBSERVABLE.exec(note.observable ?? "wire")?.groups;
  const observable = OBSERVABLES.find((candidate) => candidate === visibility?.who);
  if (observable === undefined) {
    problems.push(`unknown observable "${note.observable}" in ${id}: expected one of ${OBSERVABLES.join(" ")}`);
  } else if (observable === "none" && visibility?.why === undefined) {
    problems.push(`missing reason in ${id}: "observable: none" needs (why)`);
  }
  if (
    problems.length > 0 || area === undefined || knownLevel === undefined || clause === undefined ||
    observable === undefined
  ) {
    return { ok: false, id, problems };
  }
  return {
    ok: true,
    requirement: {
      id,
      level: knownLevel,
      area,
      clause: clause.number,
      title: clause.title,
      text: rule.text,
      seed,
      ...(note.choice === undefined ? {} : { choice: note.choice }),
      observable,
      ...(visibility?.why === undefined ? {} : { why: visibility.why }),
    },
  };
}

interface Block {
  /** Number of its first line, from 1. */
  readonly line: number;
  /** Its lines joined by single spaces. */
  readonly text: string;
}

/** Headings, bullets and paragraphs outside of fences, each with its continuation lines unwrapped. */
function blocksOf(markdown: string): Block[] {
  const blocks: { line: number; text: string }[] = [];
  let open: { line: number; text: string } | undefined;
  let fenced = false;
  for (const [index, raw] of markdown.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line.startsWith("```")) {
      fenced = !fenced;
      open = undefined;
    } else if (fenced) {
      continue;
    } else if (line === "") {
      open = undefined;
    } else if (open === undefined || /^(#{1,6}|[-*+]) /.test(line)) {
      open = { line: index + 1, text: line };
      blocks.push(open);
      if (line.startsWith("#")) open = undefined;
    } else {
      open.text += ` ${line}`;
    }
  }
  return blocks;
}

function excerpt(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
