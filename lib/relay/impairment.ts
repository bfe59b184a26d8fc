/** The wish for a bad network, as text: `loss=2%,delay=30ms±10,reorder=1%,dup=0.1%,rebind=20s`. */
import { fault, ok, type Parsed } from "../base/parsed.ts";
import { gilbertLoss, type LinkOptions } from "../base/link.ts";

/** What happens to the units that a relay forwards. */
export interface Impairment {
  /** Share of units lost, 0..1. */
  readonly lossRate: number;
  /** Mean length of a run of losses; 1 for independent ones. */
  readonly burstPackets: number;
  readonly delayMs: number;
  /** Delays lie within `delayMs` give or take so much; jitter alone never reorders. */
  readonly jitterMs: number;
  /** Share of units, 0..1, that are held back by `reorderMs` while later ones pass. */
  readonly reorderRate: number;
  readonly reorderMs: number;
  /** Share of units, 0..1, that arrive twice. */
  readonly duplicateRate: number;
  /** Every so often a peer of each session loses its address, the two in turn; Infinity for never. */
  readonly rebindMs: number;
}

export const NO_IMPAIRMENT: Impairment = {
  lossRate: 0,
  burstPackets: 1,
  delayMs: 0,
  jitterMs: 0,
  reorderRate: 0,
  reorderMs: 25,
  duplicateRate: 0,
  rebindMs: Infinity,
};

/** Example and meaning of each setting: help and errors quote them. */
export const IMPAIRMENT_SETTINGS = {
  loss: { example: "loss=2%", meaning: "share of units that are lost" },
  burst: { example: "burst=4", meaning: "mean length of a run of losses" },
  delay: { example: "delay=30ms±10", meaning: "one-way delay and its spread" },
  reorder: { example: "reorder=1%", meaning: "share of units held back by 25 ms (reorder=1%/40ms for another time)" },
  dup: { example: "dup=0.1%", meaning: "share of units that arrive twice" },
  rebind: { example: "rebind=20s", meaning: "how often a peer loses its address, as behind a NAT that restarts" },
} as const;

type Setting = keyof typeof IMPAIRMENT_SETTINGS;

/** Reads the text. `bad_value` with what is wrong and how it is written; the offset is that of the setting. */
export function parseImpairment(text: string): Parsed<Impairment> {
  const seen = new Set<string>();
  let wish = NO_IMPAIRMENT;
  let offset = 0;
  for (const part of text.split(",")) {
    const [name, value = ""] = part.trim().split("=", 2);
    const refuse = (why: string) => fault("bad_value", `Cannot read impairment '${part.trim()}': ${why}`, { offset });
    if (!Object.hasOwn(IMPAIRMENT_SETTINGS, name)) {
      return refuse(`the settings are ${Object.keys(IMPAIRMENT_SETTINGS).join(", ")}`);
    }
    if (seen.has(name)) return refuse("it is given twice");
    const setting = name as Setting;
    const change = readSetting(setting, value);
    if (change === undefined) return refuse(`it is written like ${IMPAIRMENT_SETTINGS[setting].example}`);
    wish = { ...wish, ...change };
    seen.add(name);
    offset += part.length + 1;
  }
  return ok(wish);
}

function readSetting(setting: Setting, value: string): Partial<Impairment> | undefined {
  switch (setting) {
    case "loss":
      return withRate(value, (lossRate) => ({ lossRate }));
    case "dup":
      return withRate(value, (duplicateRate) => ({ duplicateRate }));
    case "burst": {
      const burstPackets = readNumber(value);
      return burstPackets === undefined || burstPackets < 1 ? undefined : { burstPackets };
    }
    case "delay": {
      const [delay, spread = "0"] = value.split(/±|\+-/, 2);
      const delayMs = readMs(delay);
      const jitterMs = readMs(spread);
      return delayMs === undefined || jitterMs === undefined || jitterMs > delayMs ? undefined : { delayMs, jitterMs };
    }
    case "reorder": {
      const [share, hold = `${NO_IMPAIRMENT.reorderMs}ms`] = value.split("/", 2);
      const reorderMs = readMs(hold);
      return reorderMs === undefined ? undefined : withRate(share, (reorderRate) => ({ reorderRate, reorderMs }));
    }
    case "rebind": {
      const rebindMs = readMs(value);
      return rebindMs === undefined || rebindMs < 100 ? undefined : { rebindMs };
    }
  }
}

/** A percentage below 100 %. */
function withRate(text: string, make: (rate: number) => Partial<Impairment>): Partial<Impairment> | undefined {
  const percent = text.endsWith("%") ? readNumber(text.slice(0, -1)) : undefined;
  return percent === undefined || percent >= 100 ? undefined : make(percent / 100);
}

/** `30ms`, `20s`; a bare number is milliseconds. */
function readMs(text: string): number | undefined {
  const match = /^([0-9.]+)(ms|s)?$/.exec(text);
  const value = match === null ? undefined : readNumber(match[1]);
  return value === undefined ? undefined : value * (match?.[2] === "s" ? 1000 : 1);
}

function readNumber(text: string): number | undefined {
  return /^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? Number(text) : undefined;
}

/** The link that behaves so. */
export function impairedLink(wish: Impairment): Partial<LinkOptions> {
  const { lossRate, burstPackets, delayMs, jitterMs, reorderRate, reorderMs, duplicateRate } = wish;
  return {
    ...(burstPackets > 1 ? { burst: gilbertLoss(lossRate, burstPackets) } : { lossRate }),
    delayMs: delayMs - jitterMs,
    jitterMs: 2 * jitterMs,
    reorderRate,
    reorderMs,
    duplicateRate,
  };
}
