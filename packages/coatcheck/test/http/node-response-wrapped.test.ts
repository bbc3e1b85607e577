import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { createGzip, type Gzip } from "node:zlib";
import { describe, expect, it } from "vitest";
import { CoatcheckError } from "../../src/session/errors.ts";
import { hold, listen } from "./held-response.ts";

const TEXT = "body ".repeat(1000);

/** What middleware in the field uses of a response that Node does not document. */
interface Undocumented extends ServerResponse {
  readonly _header: string | null;
  _implicitHeader(): void;
}

/**
 * Compresses as the `compression` package does: what is written goes through a stream of its own, made when the head is
 * written. 1.7 looks for the bytes of the head, 1.8 asks whether they are sent.
 */
function compress(response: ServerResponse, version: "1.7" | "1.8"): void {
  const own = response as Undocumented;
  const { writeHead, write, end, on } = own;
  const early: (() => void)[] = [];
  let stream: Gzip | null = null;
  let isEnded = false;
  const requireHead = () => {
    if (version === "1.8" && !own.headersSent) own.writeHead(own.statusCode);
    if (version === "1.7" && !own._header) own._implicitHeader();
  };
  const begin = () => {
    const made = createGzip();
    stream = made;
    own.setHeader("content-encoding", "gzip");
    own.removeHeader("content-length");
    for (const listener of early) made.on("drain", listener);
    made.on("data", (chunk) => {
      if (!Reflect.apply(write, own, [chunk])) made.pause();
    });
    made.on("end", () => Reflect.apply(end, own, []));
    Reflect.apply(on, own, ["drain", () => made.resume()]);
  };
  own.writeHead = (status: number) => {
    if (stream === null) begin();
    return Reflect.apply(writeHead, own, [status]);
  };
  own.write = (chunk: string | Buffer) => {
    if (isEnded) return false;
    requireHead();
    return stream === null ? Reflect.apply(write, own, [chunk]) : stream.write(chunk);
  };
  own.end = (chunk?: unknown) => {
    if (isEnded) return own;
    requireHead();
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

const outage = new CoatcheckError("STORE_UNAVAILABLE", "The session store did not answer.");

describe.each(["1.7", "1.8"] as const)("compressed as by version %s", (version) => {
  for (const place of ["below", "above"] as const) {
    for (const [name, handler] of Object.entries(handlers)) {
      /** Answers when the commit has been made, or has failed. */
      const ask = async (commit: () => Promise<void>) => {
        const { url } = await listen((_request, response) => {
          if (place === "below") compress(response, version);
          hold(response, async (head) => {
            await new Promise((resolve) => setImmediate(resolve));
            await commit();
            head.append("set-cookie", "sid=1");
          });
          if (place === "above") compress(response, version);
          handler(response);
        });
        return await fetch(url, { signal: AbortSignal.timeout(5000) });
      };

      it(`${place} the hold: ${name} waits for the commit and arrives whole`, async () => {
        const response = await ask(async () => {});
        expect([response.status, response.headers.get("content-encoding")]).toEqual([200, "gzip"]);
        expect(response.headers.getSetCookie()).toEqual(["sid=1"]);
        expect(await response.text()).toBe(TEXT);
      });

      it(`${place} the hold: ${name} gives way to the error of a commit that fails`, async () => {
        const response = await ask(() => Promise.reject(outage));
        expect(response.status).toBe(503);
        expect(response.headers.getSetCookie()).toEqual([]);
        expect(await response.json()).toMatchObject({ error: { code: "STORE_UNAVAILABLE" } });
      });
    }
  }
});
