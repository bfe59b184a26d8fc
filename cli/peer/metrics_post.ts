/** `--metrics-url`: the figures of METRICS by HTTP POST (SPEC ARC-METRICS-channels). */
import type { SignalingLink } from "../../lib/net/signaling_link.ts";

/** A slow collector must not pile up requests: one is under way at a time, and waits no longer than this. */
const TIMEOUT_MS = 4000;

export class MetricsPost {
  readonly #url: string;
  readonly #failed: (why: string) => void;
  #isUnderWay = false;
  #hasFailed = false;

  /** `failed` is called at the first failure after a success, not at each. */
  constructor(url: string, failed: (why: string) => void) {
    this.#url = url;
    this.#failed = failed;
  }

  /** Posts `body` as JSON, unless the last one is still under way. Resolves when it is done, whatever came of it. */
  async send(body: object): Promise<void> {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      this.#report(response.ok ? undefined : `it answers ${response.status}`);
    } catch (error) {
      this.#report(error instanceof Error ? error.message : String(error));
    } finally {
      this.#isUnderWay = false;
    }
  }

  #report(why: string | undefined): void {
    if (why !== undefined && !this.#hasFailed) this.#failed(why);
    this.#hasFailed = why !== undefined;
  }
}

/** Posts a copy of every METRICS that goes to the server: the same figures, at the same time. */
export function withMetrics(link: SignalingLink, post: MetricsPost): SignalingLink {
  return {
    name: link.name,
    peerCertificateSha256: link.peerCertificateSha256,
    get bufferedBytes() {
      return link.bufferedBytes;
    },
    send(text) {
      link.send(text);
      if (!text.includes('"METRICS"')) return;
      const message = JSON.parse(text);
      if (message.type === "METRICS") post.send(message);
    },
    close: (why) => link.close(why),
  };
}
