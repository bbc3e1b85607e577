import { once } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { errorResponse } from "../../src/http/error-response.ts";
import { deferHeaders } from "../../src/http/node/hold-response.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import type { MaybePromise } from "../../src/session/maybe-promise.ts";
import { deferHeadersUntil, startServer } from "./deferred-response.ts";

const BIG = Buffer.alloc(300_000, "x");

describe("a deferred response during an asynchronous commit", () => {
  it("sends nothing before the commit, and then everything in order", async () => {
    const gate = Promise.withResolvers<void>();
    const server = await startServer((request, response) => {
      if (request.url === "/other") return response.end();
      deferHeadersUntil(response, () => gate.promise);
      response.writeHead(302, { location: "/next" });
      return response.end("moved");
    });
    const socket = connect(server.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    await server.requested;
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk;
    });
    // Complete another request first. In that time, a server that did not wait would have sent the deferred response.
    await (await fetch(`${server.url}/other`)).text();
    expect(received).toBe("");
    gate.resolve();
    await once(socket, "close");
    expect(received).toContain("location: /next");
    expect(received).toContain("moved");
  });

  it("pauses and resumes a piped stream without losing data", async () => {
    const gate = Promise.withResolvers<void>();
    const results: boolean[] = [];
    const server = await startServer((_request, response) => {
      deferHeadersUntil(response, () => gate.promise);
      const original = response.write;
      response.write = ((...args: Parameters<typeof original>) => {
        const canContinue = Reflect.apply(original, response, args);
        results.push(canContinue);
        if (results.length === 1) setImmediate(() => gate.resolve());
        return canContinue;
      }) as typeof original;
      Readable.from(Array.from({ length: 20 }, () => BIG)).pipe(response);
    });
    const body = await (await fetch(server.url)).arrayBuffer();
    expect(body.byteLength).toBe(20 * BIG.length);
    expect(results[0]).toBe(false);
  });

  it("emits `drain` after a small first chunk", async () => {
    const server = await startServer((_request, response) => {
      deferHeadersUntil(response, () => new Promise((resolve) => setImmediate(resolve)));
      Readable.from(["a", "b"]).pipe(response);
    });
    expect(await (await fetch(server.url)).text()).toBe("ab");
  });

  it("has the same `headersSent` and `writableEnded` as a response that is not deferred", async () => {
    const gate = Promise.withResolvers<void>();
    const states: object[] = [];
    const server = await startServer((_request, response) => {
      deferHeadersUntil(response, () => gate.promise);
      const record = () =>
        states.push({ headersSent: response.headersSent, writableEnded: response.writableEnded });
      record();
      response.flushHeaders();
      record();
      response.end();
      record();
      response.once("finish", record);
      gate.resolve();
    });
    await (await fetch(server.url)).text();
    expect(states).toEqual([
      { headersSent: false, writableEnded: false },
      { headersSent: true, writableEnded: false },
      { headersSent: true, writableEnded: true },
      { headersSent: true, writableEnded: true },
    ]);
  });

  it("calls the callback of end() after the commit", async () => {
    const order: string[] = [];
    const server = await startServer((_request, response) => {
      deferHeadersUntil(response, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        order.push("commit");
      });
      response.end("body", () => order.push("sent"));
    });
    await (await fetch(server.url)).text();
    expect(order).toEqual(["commit", "sent"]);
  });

  it("runs the hook only once, however often the handler writes", async () => {
    let runs = 0;
    const server = await startServer((_request, response) => {
      deferHeadersUntil(response, async () => {
        runs += 1;
      });
      response.flushHeaders();
      response.write("a");
      response.write("b");
      response.end();
      response.end();
    });
    await (await fetch(server.url)).text();
    expect(runs).toBe(1);
  });

  it("commits even if the client disconnects", async () => {
    const committed = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const server = await startServer((request, response) => {
      if (request.url === "/other") return response.end("alive");
      deferHeadersUntil(response, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        committed.resolve();
      });
      return response.once("close", () => {
        response.write("a", () => closed.resolve());
        response.end("b");
      });
    });
    const socket = connect(server.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await server.requested;
    socket.destroy();
    await committed.promise;
    await closed.promise;
    expect(await (await fetch(`${server.url}/other`)).text()).toBe("alive");
  });

  it("closes the connection and calls `onFailure` for a chunk of the wrong type", async () => {
    const reported: unknown[] = [];
    const server = await startServer((_request, response) => {
      const beforeSend = () => new Promise<void>((resolve) => setImmediate(resolve));
      const onFailure = (error: unknown) => {
        reported.push(error);
        return errorResponse(error);
      };
      deferHeaders(response, { beforeSend, onFailure });
      Reflect.apply(response.end, response, [{}]);
    });
    await expect(fetch(server.url)).rejects.toThrow();
    expect(reported).toEqual([expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" })]);
  });
});

describe("a deferred response after a failed commit", () => {
  const outage = new CoatcheckError(
    "STORE_UNAVAILABLE",
    "The session store did not respond; try again shortly.",
  );
  const ways: [string, () => MaybePromise<void>][] = [
    ["by rejecting", () => Promise.reject(outage)],
    [
      "by throwing",
      () => {
        throw outage;
      },
    ],
  ];
  for (const [way, before] of ways) {
    it(`is replaced with the error response if the commit fails ${way}`, async () => {
      const server = await startServer((_request, response) => {
        deferHeadersUntil(response, before);
        response.setHeader("access-control-allow-origin", "https://shop.example");
        response.setHeader("set-cookie", "cart=1");
        response.writeHead(200, "Fine", { "content-type": "text/html", "content-length": 2, etag: '"1"' });
        response.write("<p");
        response.end(">");
      });
      const received = await fetch(server.url);
      expect(received.status).toBe(503);
      expect(received.statusText).toBe("Service Unavailable");
      expect(Object.fromEntries(received.headers)).toMatchObject({
        "content-type": "application/json; charset=utf-8",
        "cache-control": "no-store",
        "access-control-allow-origin": "https://shop.example",
      });
      expect(received.headers.has("etag")).toBe(false);
      expect(received.headers.getSetCookie()).toEqual([]);
      expect(await received.json()).toEqual({
        success: false,
        error: { code: "STORE_UNAVAILABLE", message: outage.message },
      });
    });

    it(`calls the callbacks of write() and end() although their data is discarded, if the commit fails ${way}`, async () => {
      const called = Promise.withResolvers<void>();
      const server = await startServer(async (_request, response) => {
        deferHeadersUntil(response, before);
        response.write("a");
        await new Promise((resolve) => setImmediate(resolve));
        response.writeHead(200);
        response.write("b", () => response.end("c", () => called.resolve()));
      });
      expect((await fetch(server.url)).status).toBe(503);
      await called.promise;
    });
  }

  it("does not reveal an unexpected error", async () => {
    const server = await startServer((_request, response) => {
      deferHeadersUntil(response, () => Promise.reject(new TypeError("secret detail")));
      response.end("body");
    });
    const received = await fetch(server.url);
    expect(received.status).toBe(503);
    expect(await received.text()).not.toContain("secret");
  });
});
