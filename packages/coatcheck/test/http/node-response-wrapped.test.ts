import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { createGzip, type Gzip } from "node:zlib";
import { describe, expect, it } from "vitest";
import { CoatcheckError } from "../../src/session/errors.ts";
import { deferHeadersUntil, startServer } from "./deferred-response.ts";

const TEXT = "body ".repeat(1000);

/** Undocumented members of a response that published middleware uses. */
interface ResponseInternals extends ServerResponse {
  readonly _header: string | null;
  _implicitHeader(): void;
}

/**
 * Compresses a response like the package `compression`, which writes through a gzip stream. It creates that stream when
 * the headers are written. To see whether they are written, version 1.7 checks `_header`, and version 1.8
 * `headersSent`.
 */
function addCompression(response: ServerResponse, version: "1.7" | "1.8"): void {
  const own = response as ResponseInternals;
  const { writeHead, write, end, on } = own;
  const early: (() => void)[] = [];
  let stream: Gzip | null = null;
  let isEnded = false;
  const requireHeaders = () => {
    if (version === "1.8" && !own.headersSent) own.writeHead(own.statusCode);
    if (version === "1.7" && !own._header) own._implicitHeader();
  };
  const start = () => {
    const gzip = createGzip();
    stream = gzip;
    own.setHeader("content-encoding", "gzip");
    own.removeHeader("content-length");
    for (const listener of early) gzip.on("drain", listener);
    gzip.on("data", (chunk) => {
      if (!Reflect.apply(write, own, [chunk])) gzip.pause();
    });
    gzip.on("end", () => Reflect.apply(end, own, []));
    Reflect.apply(on, own, ["drain", () => gzip.resume()]);
  };
  own.writeHead = (status: number) => {
    if (stream === null) start();
    return Reflect.apply(writeHead, own, [status]);
  };
  own.write = (chunk: string | Buffer) => {
    if (isEnded) return false;
    requireHeaders();
    return stream === null ? Reflect.apply(write, own, [chunk]) : stream.write(chunk);
  };
  own.end = (chunk?: unknown) => {
    if (isEnded) return own;
    requireHeaders();
    if (stream === null) return Reflect.apply(end, own, [chunk]);
    isEnded = true;
    stream.end(chunk);
    return own;
  };
  own.on = ((name: string, listener: () => void) => {
    if (name !== "drain") return Reflect.apply(on, own, [name, listener]);
    if (stream === null) early.push(listener);
    else stream.on(name, listener);
    return own;
  }) as typeof on;
}

const handlers: Record<string, (response: ServerResponse) => unknown> = {
  end: (response) => response.end(TEXT),
  "write, then end": (response) => {
    response.write(TEXT.slice(0, 100));
    response.end(TEXT.slice(100));
  },
  "flushHeaders, then end": (response) => {
    response.flushHeaders();
    response.end(TEXT);
  },
  "a stream piped in": (response) => Readable.from([TEXT.slice(0, 100), TEXT.slice(100)]).pipe(response),
};

const outageError = new CoatcheckError("STORE_UNAVAILABLE", "The session store did not answer.");

describe.each(["1.7", "1.8"] as const)("a deferred response with compression %s", (version) => {
  for (const place of ["before", "after"] as const) {
    for (const [name, handler] of Object.entries(handlers)) {
      /** Sends a request to a server whose response waits for `commit`. */
      const request = async (commit: () => Promise<void>) => {
        const { url } = await startServer((_request, response) => {
          if (place === "before") addCompression(response, version);
          deferHeadersUntil(response, async (headers) => {
            await new Promise((resolve) => setImmediate(resolve));
            await commit();
            headers.append("set-cookie", "sid=1");
          });
          if (place === "after") addCompression(response, version);
          handler(response);
        });
        return await fetch(url, { signal: AbortSignal.timeout(5000) });
      };

      it(`is sent completely after the commit: ${name}, with compression mounted ${place} the deferral`, async () => {
        const response = await request(async () => {});
        expect([response.status, response.headers.get("content-encoding")]).toEqual([200, "gzip"]);
        expect(response.headers.getSetCookie()).toEqual(["sid=1"]);
        expect(await response.text()).toBe(TEXT);
      });

      it(`is replaced with the error of a failed commit: ${name}, with compression mounted ${place} the deferral`, async () => {
        const response = await request(() => Promise.reject(outageError));
        expect(response.status).toBe(503);
        expect(response.headers.getSetCookie()).toEqual([]);
        expect(await response.json()).toMatchObject({ error: { code: "STORE_UNAVAILABLE" } });
      });
    }
  }
});
