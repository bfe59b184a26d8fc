/** The relay's small HTTP server: `/healthz`, `/metrics`, `/status`. */
import { formatHostPort, type HostPort } from "../base/address_table.ts";
import { ListenError } from "./listen.ts";
import { PROMETHEUS_CONTENT_TYPE } from "./prometheus.ts";

export interface RelayPages {
  /** Text of `/metrics`. */
  readonly metrics: () => string;
  /** JSON of `/status`: the relay's status message. */
  readonly status: () => string;
  /** JSON of `/healthz`, and whether new sessions are taken. */
  readonly health: () => { readonly isHealthy: boolean; readonly json: string };
}

export interface PageServer {
  readonly address: HostPort;
  close(): Promise<void>;
}

const TEXT = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json";

/** @throws ListenError */
export function servePages(address: HostPort, pages: RelayPages): PageServer {
  const answer = (request: Request): Response => {
    if (request.method !== "GET" && request.method !== "HEAD") return page(405, TEXT, "only GET is answered here\n");
    switch (new URL(request.url).pathname) {
      case "/metrics":
        return page(200, PROMETHEUS_CONTENT_TYPE, pages.metrics());
      case "/status":
        return page(200, JSON_TYPE, pages.status());
      case "/healthz": {
        const { isHealthy, json } = pages.health();
        return page(isHealthy ? 200 : 503, JSON_TYPE, json);
      }
      case "/":
        return page(200, TEXT, "ArcRTC relay: /healthz, /metrics, /status\n");
      default:
        return page(404, TEXT, "there are /healthz, /metrics and /status\n");
    }
  };
  try {
    const server = Deno.serve({ hostname: address.host, port: address.port, onListen: () => {} }, answer);
    const { hostname, port } = server.addr;
    return { address: { host: hostname, port }, close: () => server.shutdown() };
  } catch (error) {
    throw new ListenError("HTTP", address, error);
  }
}

function page(status: number, contentType: string, body: string): Response {
  return new Response(body, {
    status,
    headers: { "content-type": contentType, "cache-control": "no-store", "x-content-type-options": "nosniff" },
  });
}

/** `http://127.0.0.1:9100/metrics`. */
export function pageUrl(address: HostPort, path: string): string {
  return `http://${formatHostPort(address)}${path}`;
}
