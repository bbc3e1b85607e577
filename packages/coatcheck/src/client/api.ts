import { SessionError } from "./error.ts";
import type { Meter } from "./metrics.ts";
import type { Send } from "./sender.ts";

/** Calls a session endpoint and opens the envelope. Rejects with a {@link SessionError} and nothing else. */
export type Call = <Data>(
  method: string,
  path: string,
  body?: unknown,
  ...until: AbortSignal[]
) => Promise<Data>;

/** `timeout` in milliseconds: an answer that comes later counts as none. */
export function createCall(
  base: string,
  timeout: number,
  { counts, answered }: Meter,
  now: () => number,
  send: Send,
): Call {
  return async <Data>(method: string, path: string, body?: unknown, ...until: AbortSignal[]) => {
    const start = now();
    try {
      const { response, told } = await send<Data>(
        new Request(base + path, {
          method,
          // What ends something must reach the server even if the page is closed meanwhile.
          keepalive: method === "DELETE",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
          signal: AbortSignal.any([AbortSignal.timeout(timeout), ...until]),
        }),
        // A recovery gets its token there: it has none to send, and cannot itself recover.
        path !== "/init",
      );
      const { headers, status } = response;
      answered(now() - start, headers.get("server-timing"));
      if (told?.success) return told.data;
      const { code = "BAD_ANSWER", message } = told?.error ?? {};
      // A proxy may name a date instead, by a clock that is not this one.
      throw new SessionError(code, status, message, Number(headers.get("retry-after")) | 0);
    } catch (error) {
      counts.errors++;
      throw error instanceof SessionError ? error : new SessionError("NETWORK");
    }
  };
}
