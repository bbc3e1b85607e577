import { once } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { errorAnswer } from "../../src/http/error-answer.ts";
import { holdHead } from "../../src/http/node-response.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import type { MaybePromise } from "../../src/session/session.ts";
import { hold, listen } from "./held-response.ts";

const BIG = Buffer.alloc(300_000, "x");

describe("while the commit is under way", () => {
  it("nothing leaves, and the order is kept", async () => {
    const gate = Promise.withResolvers<void>();
    const server = await listen((request, response) => {
      if (request.url === "/other") return response.end();
      hold(response, () => gate.promise);
      response.writeHead(302, { location: "/next" });
      return response.end("gone");
    });
    const socket = connect(server.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    await server.requested;
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk;
    });
    // A whole exchange later the server has had its chance to answer the first.
    await (await fetch(`${server.url}/other`)).text();
    expect(received).toBe("");
    gate.resolve();
    await once(socket, "close");
    expect(received).toContain("location: /next");
    expect(received).toContain("gone");
  });

  it("a stream pauses and goes on: every byte arrives", async () => {
    const gate = Promise.withResolvers<void>();
    const pauses: boolean[] = [];
    const server = await listen((_request, response) => {
      hold(response, () => gate.promise);
      const original = response.write;
      response.write = ((...args: Parameters<typeof original>) => {
        const goOn = Reflect.apply(original, response, args);
        pauses.push(goOn);
        if (pauses.length === 1) setImmediate(() => gate.resolve());
        return goOn;
      }) as typeof original;
      Readable.from(Array.from({ length: 20 }, () => BIG)).pipe(response);
    });
    const body = await (await fetch(server.url)).arrayBuffer();
    expect(body.byteLength).toBe(20 * BIG.length);
    expect(pauses[0]).toBe(false);
  });

  it("a small first chunk does not leave the stream waiting for drain", async () => {
    const server = await listen((_request, response) => {
      hold(response, () => new Promise((resolve) => setImmediate(resolve)));
      Readable.from(["a", "b"]).pipe(response);
    });
    expect(await (await fetch(server.url)).text()).toBe("ab");
  });

  it("the response says that it is sent and ended", async () => {
    const gate = Promise.withResolvers<void>();
    const said: object[] = [];
    const server = await listen((_request, response) => {
      hold(response, () => gate.promise);
      const say = () =>
        said.push({ headersSent: response.headersSent, writableEnded: response.writableEnded });
      say();
      response.flushHeaders();
      say();
      response.end();
      say();
      response.once("finish", say);
      gate.resolve();
    });
    await (await fetch(server.url)).text();
    expect(said).toEqual([
      { headersSent: false, writableEnded: false },
      { headersSent: true, writableEnded: false },
      { headersSent: true, writableEnded: true },
      { headersSent: true, writableEnded: true },
    ]);
  });

  it("the callback of end comes after the commit", async () => {
    const order: string[] = [];
    const server = await listen((_request, response) => {
      hold(response, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        order.push("commit");
      });
      response.end("body", () => order.push("sent"));
    });
    await (await fetch(server.url)).text();
    expect(order).toEqual(["commit", "sent"]);
  });

  it("runs once, however many calls come", async () => {
    let runs = 0;
    const server = await listen((_request, response) => {
      hold(response, async () => {
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

  it("a client that goes away is no error, and the commit is made", async () => {
    const committed = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const server = await listen((request, response) => {
      if (request.url === "/other") return response.end("alive");
      hold(response, async () => {
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

  it("a chunk of the wrong type ends the connection, not the process, and is told of", async () => {
    const told: unknown[] = [];
    const server = await listen((_request, response) => {
      const before = () => new Promise<void>((resolve) => setImmediate(resolve));
      const failed = (error: unknown) => {
        told.push(error);
        return errorAnswer(error);
      };
      holdHead(response, { before, failed });
      Reflect.apply(response.end, response, [{}]);
    });
    await expect(fetch(server.url)).rejects.toThrow();
    expect(told).toEqual([expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" })]);
  });
});

describe("a commit that fails", () => {
  const outage = new CoatcheckError(
    "STORE_UNAVAILABLE",
    "The session store did not answer; try again shortly.",
  );
  const ways: [string, () => MaybePromise<void>][] = [
    ["at once", () => Promise.reject(outage)],
    [
      "by throwing",
      () => {
        throw outage;
      },
    ],
  ];
  for (const [way, before] of ways) {
    it(`${way}: the error leaves instead of the answer`, async () => {
      const server = await listen((_request, response) => {
        hold(response, before);
        response.setHeader("access-control-allow-origin", "https://shop.example");
        response.setHeader("set-cookie", "cart=1");
        response.writeHead(200, "Fine", { "content-type": "text/html", "content-length": 2, etag: '"1"' });
        response.write("<p");
        response.end(">");
      });
      const answer = await fetch(server.url);
      expect(answer.status).toBe(503);
      expect(answer.statusText).toBe("Service Unavailable");
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "content-type": "application/json; charset=utf-8",
        "cache-control": "no-store",
        "access-control-allow-origin": "https://shop.example",
      });
      expect(answer.headers.has("etag")).toBe(false);
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(await answer.json()).toEqual({
        success: false,
        error: { code: "STORE_UNAVAILABLE", message: outage.message },
      });
    });

    it(`${way}: callbacks of dropped calls come, streams run out`, async () => {
      const called = Promise.withResolvers<void>();
      const server = await listen(async (_request, response) => {
        hold(response, before);
        response.write("a");
        await new Promise((resolve) => setImmediate(resolve));
        response.writeHead(200);
        response.write("b", () => response.end("c", () => called.resolve()));
      });
      expect((await fetch(server.url)).status).toBe(503);
      await called.promise;
    });
  }

  it("hides what is no error of ours", async () => {
    const server = await listen((_request, response) => {
      hold(response, () => Promise.reject(new TypeError("secret detail")));
      response.end("body");
    });
    const answer = await fetch(server.url);
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain("secret");
  });
});
