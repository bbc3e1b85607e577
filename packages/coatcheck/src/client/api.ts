import type { ClientClock } from "./clock.ts";
import { SessionError } from "./error.ts";
import type { Meter } from "./metrics.ts";
import type { SendRequest } from "./sender.ts";

/** Calls a session endpoint and returns the envelope's `data`. Every rejection is a {@link SessionError}. */
export type EndpointCall = <Data>(
  method: string,
  path: string,
  body?: unknown,
  ...signals: AbortSignal[]
) => Promise<Data>;

interface EndpointCallDependencies {
  readonly baseUrl: string;
  /** Milliseconds after which a call fails with `NETWORK`. */
  readonly timeout: number;
  readonly meter: Meter;
  readonly clock: ClientClock;
  readonly send: SendRequest;
}

export function createEndpointCall({
  baseUrl,
  timeout,
  meter,
  clock,
  send,
}: EndpointCallDependencies): EndpointCall {
  return async <Data>(method: string, path: string, body?: unknown, ...signals: AbortSignal[]) => {
    const start = clock.now();
    try {
      const request = new Request(baseUrl + path, {
        method,
        // A sign-out must reach the server even if the page is closed before the response arrives.
        keepalive: method === "DELETE",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.any([AbortSignal.timeout(timeout), ...signals]),
      });
      // A retry with a new CSRF token calls `/init` first, so a call of `/init` itself is not retried. After a
      // conflict, do not repeat a request with a body, because the server may have checked its credentials already. All
      // other requests can be repeated.
      const { response, body: received } = await send<Data>(request, path !== "/init", true, !body);
      meter.recordResponse(clock.now() - start, response.headers.get("server-timing"));
      if (received?.success) return received.data;
      const { code = "BAD_ANSWER", message } = received?.error ?? {};
      // Treat a date in `Retry-After` as 0, because the browser's clock may be wrong.
      throw new SessionError(code, response.status, message, Number(response.headers.get("retry-after")) | 0);
    } catch (error) {
      meter.counts.errors++;
      throw error instanceof SessionError ? error : new SessionError("NETWORK");
    }
  };
}
