/** Signaling servers that go wrong on the bus. */
import { utf8 } from "../../lib/base/bytes.ts";
import type { Bus } from "../../lib/net/bus.ts";
import { type HubOutput, SignalingHub } from "../../lib/signaling/hub.ts";
import { type JsonObject, writeJson } from "../../lib/signaling/json_value.ts";
import { messageToJson, parseMessage } from "../../lib/signaling/parse_message.ts";
import { messageOf } from "../drive/line.ts";
import type { Mutant, MutantHead } from "./mutant.ts";
import { busMutant } from "./server_mutant.ts";

const DAY_MS = 86_400_000;
const TWO_MINUTES_MS = 120_000;

interface OnBus {
  readonly subject: string;
  readonly json: JsonObject;
}

const isForBoth = ({ subject }: OnBus) => subject.endsWith(".all");
const isMessage = ({ subject }: OnBus) => subject.startsWith("arcrtc.session.") && !subject.endsWith(".all");

/** Publishes this instead: nothing, something else, or several. */
function publishing(head: MutantHead, change: (out: OnBus, bus: Bus) => readonly OnBus[]): Mutant {
  return busMutant(head, (bus) => ({
    ...bus,
    publish(subject, bytes) {
      const out = { subject, json: messageOf(bytes) as JsonObject };
      for (const { subject, json } of change(out, bus)) bus.publish(subject, utf8(writeJson(json)));
    },
  }));
}

/** Takes this instead of what was published; nothing where it is undefined. */
function taking(head: MutantHead, change: (json: JsonObject, subject: string) => JsonObject | undefined): Mutant {
  return busMutant(head, (bus) => ({
    ...bus,
    subscribe: (wanted, take) =>
      bus.subscribe(wanted, (subject, bytes) => {
        const json = change(messageOf(bytes) as JsonObject, subject);
        if (json !== undefined) take(subject, utf8(writeJson(json)));
      }),
  }));
}

/** Joins elsewhere seem to be of another time. */
function joinsMoved(head: MutantHead, timestampOf: (timestamp: number) => number): Mutant {
  return taking(
    head,
    (json, subject) =>
      subject.endsWith(".all") && json.type === "HEARTBEAT" && Number(json.sequence) > 0
        ? { ...json, timestamp: timestampOf(Number(json.timestamp)) }
        : json,
  );
}

/** What the hub wants is changed before it is carried out. */
function wanting(head: MutantHead, change: (out: HubOutput, hub: LookedAt) => HubOutput | undefined): Mutant {
  class Hub extends SignalingHub implements LookedAt {
    fromPeer: JsonObject = {};
    fromBus: OnBus | undefined;

    override message(...args: Parameters<SignalingHub["message"]>) {
      this.fromPeer = args[1].json;
      this.fromBus = undefined;
      return super.message(...args);
    }

    override heardOnBus(...args: Parameters<SignalingHub["heardOnBus"]>) {
      this.fromBus = { subject: args[0], json: messageOf(args[1]) as JsonObject };
      super.heardOnBus(...args);
    }

    override poll(): HubOutput | undefined {
      for (let out = super.poll(); out !== undefined; out = super.poll()) {
        const changed = change(out, this);
        if (changed !== undefined) return changed;
      }
      return undefined;
    }
  }
  return busMutant(head, (bus) => bus, Hub);
}

interface LookedAt {
  /** The latest message of a peer. */
  readonly fromPeer: JsonObject;
  /** What is being dealt with, where it came from the bus. */
  readonly fromBus: OnBus | undefined;
}

function published(out: Extract<HubOutput, { kind: "publish" }>): OnBus {
  return { subject: out.subject, json: messageOf(out.bytes) as JsonObject };
}

/** Delivers to a peer what was published for it, whatever it is. */
class CarelessHub extends SignalingHub {
  readonly #channels = new Map<string, number>();
  readonly #careless: HubOutput[] = [];

  override join(...args: Parameters<SignalingHub["join"]>) {
    const [id, sessionId, peerId] = args;
    this.#channels.set(`arcrtc.session.${sessionId}.${peerId}`, id);
    return super.join(...args);
  }

  override heardOnBus(...args: Parameters<SignalingHub["heardOnBus"]>) {
    const [subject, bytes] = args;
    const to = this.#channels.get(subject);
    if (to === undefined) return super.heardOnBus(...args);
    this.#careless.push({ kind: "send", to, json: messageOf(bytes) as JsonObject });
  }

  override poll(): HubOutput | undefined {
    return this.#careless.shift() ?? super.poll();
  }
}

function head(id: string, broken: string, ...breaks: readonly string[]): MutantHead {
  return { id: `shared/${id}`, broken, breaks };
}

export const SHARED_SESSION_MUTANTS: readonly Mutant[] = [
  publishing(
    head(
      "one-subject-for-all",
      "publishes messages for one peer on the subject for both",
      "ARC-TRANSPORT-nats-subjects",
    ),
    (out) => [{ ...out, subject: out.subject.replace(/[^.]+$/, "all") }],
  ),
  publishing(
    head("known-fields-only", "publishes the fields that it knows and no others", "ARC-TRANSPORT-nats-subjects"),
    (out) => {
      const parsed = parseMessage(writeJson(out.json));
      return [parsed.ok ? { ...out, json: messageToJson(parsed.value) } : out];
    },
  ),
  wanting(
    head("token-on-the-bus", "publishes the token of a CONNECT", "ARC-TRANSPORT-nats-forward"),
    (out, { fromPeer }) => {
      if (out.kind !== "publish" || published(out).json.type !== "CONNECT" || fromPeer.token === undefined) return out;
      return { ...out, bytes: utf8(writeJson({ ...published(out).json, token: fromPeer.token })) };
    },
  ),
  wanting(
    head("relays-of-the-sender", "hands out the relay_servers that came over the bus", "ARC-TRANSPORT-nats-forward"),
    (out, { fromBus }) => {
      if (out.kind !== "send" || fromBus?.json.network_info === undefined) return out;
      return { ...out, json: { ...out.json, network_info: fromBus.json.network_info } };
    },
  ),
  wanting(
    head(
      "forgets-the-held-connect",
      "does not send a held CONNECT to another server",
      "ARC-TRANSPORT-server-hold-connect",
    ),
    (out, { fromBus }) =>
      out.kind === "publish" && fromBus !== undefined && isMessage(published(out)) ? undefined : out,
  ),
  publishing(
    head("tells-nobody", "tells no other server of joins", "ARC-TRANSPORT-nats-presence"),
    (out) => isForBoth(out) ? [] : [out],
  ),
  publishing(
    head("tells-once", "tells of a join once", "ARC-TRANSPORT-nats-presence"),
    (out) => isForBoth(out) && Number(out.json.sequence) > 1 ? [] : [out],
  ),
  publishing(
    head("leaves-in-silence", "does not tell that a peer has left", "ARC-TRANSPORT-nats-presence"),
    (out) => isForBoth(out) && out.json.sequence === 0 ? [] : [out],
  ),
  publishing(
    head("tells-the-present-time", "tells the time of the telling, not of the join", "ARC-TRANSPORT-nats-presence"),
    (out) => [isForBoth(out) ? { ...out, json: { ...out.json, timestamp: Date.now() } } : out],
  ),
  wanting(
    head("answers-no-news", "does not answer news of a join", "ARC-TRANSPORT-nats-presence-answer"),
    (out, { fromBus }) =>
      out.kind === "publish" && fromBus !== undefined && isForBoth(published(out)) ? undefined : out,
  ),
  publishing(
    head(
      "forgets-who-has-left",
      "does not tell of a peer that has its place and is away",
      "ARC-TRANSPORT-nats-presence-answer",
    ),
    (out) => isForBoth(out) && out.json.sequence === 0 ? [] : [out],
  ),
  taking(
    head(
      "hears-no-end",
      "goes on taking a peer that has left another server for joined",
      "ARC-TRANSPORT-nats-presence-end",
    ),
    (json, subject) => subject.endsWith(".all") && json.sequence === 0 ? undefined : json,
  ),
  taking(
    head(
      "believes-old-ends",
      "takes the end of an earlier join for that of the last",
      "ARC-TRANSPORT-nats-presence-end",
    ),
    (json, subject) =>
      subject.endsWith(".all") && json.sequence === 0 ? { ...json, timestamp: Number.MAX_SAFE_INTEGER } : json,
  ),
  joinsMoved(
    head("keeps-the-third", "keeps a peer that came later than two others", "ARC-TRANSPORT-nats-third"),
    (timestamp) => timestamp + DAY_MS,
  ),
  joinsMoved(
    head("yields-to-the-third", "turns its peer away for one that came later", "ARC-TRANSPORT-nats-third"),
    () => 0,
  ),
  wanting(
    head("turns-away-without-a-word", "ends the third's connection without an ERROR", "ARC-TRANSPORT-nats-third"),
    (out) => out.kind === "send" && out.json.code === "busy" ? undefined : out,
  ),
  wanting(
    head("keeps-who-has-moved", "keeps the connection of a peer that has joined elsewhere", "ARC-TRANSPORT-nats-moved"),
    (out) => out.kind === "close" && out.why.includes("at another server") ? undefined : out,
  ),
  joinsMoved(
    head("yields-to-the-past", "gives a peer up to a join that was before its own", "ARC-TRANSPORT-nats-moved"),
    (timestamp) => timestamp + TWO_MINUTES_MS,
  ),
  busMutant(
    head("judges-nothing", "delivers whatever is published for a peer", "ARC-TRANSPORT-nats-validate"),
    (bus) => bus,
    CarelessHub,
  ),
  busMutant(
    head("echoes", "publishes again what it took from the bus", "ARC-TRANSPORT-nats-no-return"),
    (bus) => ({
      ...bus,
      subscribe: (wanted, take) =>
        bus.subscribe(wanted, (subject, bytes) => {
          take(subject, bytes);
          bus.publish(subject, bytes);
        }),
    }),
  ),
  publishing(
    head("repeats", "publishes a message again after a second", "ARC-TRANSPORT-nats-loss"),
    (out, bus) => {
      if (isMessage(out)) setTimeout(() => bus.publish(out.subject, utf8(writeJson(out.json))), 1000);
      return [out];
    },
  ),
  busMutant(
    head(
      "swallows-repetitions",
      "publishes a message once, however often its sender says it",
      "ARC-TRANSPORT-nats-loss",
    ),
    (bus) => {
      const texts = new Set<string>();
      return {
        ...bus,
        publish(subject, bytes) {
          const text = writeJson(messageOf(bytes) as JsonObject);
          if (subject.endsWith(".all") || !texts.has(text)) bus.publish(subject, bytes);
          texts.add(text);
        },
      };
    },
  ),
  publishing(
    head("has-no-status", "publishes no status", "ARC-TRANSPORT-nats-status-server"),
    (out) => out.subject.startsWith("arcrtc.server.") ? [] : [out],
  ),
  publishing(
    head("has-a-status-of-its-own", "publishes a status without its load", "ARC-TRANSPORT-nats-status"),
    (out) => {
      const { load: _, ...json } = out.json;
      return [out.subject.startsWith("arcrtc.server.") ? { ...out, json } : out];
    },
  ),
];
