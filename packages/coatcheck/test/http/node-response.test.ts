import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { afterEach, describe, expect, it } from "vitest";
import { errorAnswer } from "../../src/http/error-answer.ts";
import { type HeadGuard, holdHead } from "../../src/http/node-response.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import type { MaybePromise } from "../../src/session/session.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const BIG = Buffer.alloc(300_000, "x");

/** What a handler may do with a response; each must look the same to the client whether the headers are held or not. */
const handlers: Record<string, (response: ServerResponse) => unknown> = {
  "end alone": (response) => response.end(),
  "end with a body": (response) => response.end("body"),
  "end with an encoding": (response) => response.end("626f6479", "hex"),
  "end with a callback": (response) => response.end(() => {}),
  "end with body, encoding and callback": (response) => response.end("body", "utf8", () => {}),
  "setHeader, then end": (response) => response.setHeader("X-One", "1").end("body"),
  "status code and message set as properties": (response) => {
    response.statusCode = 418;
    response.statusMessage = "Teapot";
    response.end("body");
  },
  "writeHead with a status": (response) => response.writeHead(201).end("body"),
  "writeHead with a reason": (response) => response.writeHead(201, "Made").end("body"),
  "writeHead with an object": (response) =>
    response.writeHead(201, { "X-One": "1", "X-Two": ["2", "3"] }).end("body"),
  "writeHead with a number": (response) => response.writeHead(200, { "Content-Length": 4 }).end("body"),
  "writeHead with reason and object": (response) =>
    response.writeHead(201, "Made", { "X-One": "1" }).end("body"),
  "writeHead with a flat list": (response) =>
    response.writeHead(200, ["Set-Cookie", "a=1", "Set-Cookie", "b=2", "X-One", "1"]).end("body"),
  "writeHead with reason and flat list": (response) =>
    response.writeHead(200, "Fine", ["Set-Cookie", "a=1", "Set-Cookie", "b=2"]).end("body"),
  "writeHead over setHeader": (response) => {
    response.setHeader("X-One", "old");
    response.setHeader("Set-Cookie", "a=1");
    response.writeHead(200, { "x-one": "new" }).end("body");
  },
  "writeHead with a flat list over setHeader": (response) => {
    response.setHeader("X-One", "old");
    response.writeHead(200, ["X-One", "new", "X-One", "newer"]).end("body");
  },
  "writeHead, then writes": (response) => {
    response.writeHead(200, { "X-One": "1" });
    response.write("a");
    response.write("b", "utf8");
    response.write("c", () => {});
    response.end("d");
  },
  "writes without writeHead": (response) => {
    response.write("a");
    response.end("b");
  },
  "flushHeaders, then end": (response) => {
    response.flushHeaders();
    response.end("body");
  },
  "end twice": (response) => {
    response.on("error", () => {});
    response.end("first");
    response.end("second");
    response.end();
  },
  "a redirect": (response) => response.writeHead(302, { Location: "/next" }).end(),
  "204": (response) => response.writeHead(204).end(),
  "304 with a body that must not leave": (response) => response.writeHead(304, { ETag: '"1"' }).end(),
  "a status out of range": (response) => {
    try {
      response.writeHead(99);
    } catch (error) {
      response.end(String(error));
    }
  },
  "a header that is none": (response) => {
    try {
      response.writeHead(200, { "X-One": "a\r\nX-Two: b" });
    } catch (error) {
      response.end(String(error));
    }
  },
  "what the response says of itself after writeHead": (response) => {
    response.writeHead(200);
    const { headersSent, writableEnded } = response;
    response.end(JSON.stringify({ headersSent, writableEnded }));
  },
  "writeHead twice": (response) => {
    response.writeHead(200);
    try {
      response.writeHead(500);
    } catch (error) {
      response.end((error as NodeJS.ErrnoException).code);
    }
  },
  "a small stream": (response) => pipeline(Readable.from(["a", "b", "c"]), response),
};

describe("a held response leaves as the handler wrote it", () => {
  for (const [name, handler] of Object.entries(handlers)) {
    for (const method of ["GET", "HEAD"]) {
      it(`${name} (${method})`, async () => {
        const bare = await exchange(handler, method);
        const atOnce = await exchange(handler, method, () => undefined);
        const later = await exchange(handler, method, () => new Promise((resolve) => setImmediate(resolve)));
        expect(bare).toContain("HTTP/1.1 ");
        expect(atOnce).toBe(withMark(bare));
        expect(later).toBe(withMark(bare));
      });
    }
  }

  it("takes writeHead with a list of pairs", async () => {
    const pairs = [
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ];
    const handler = (response: ServerResponse) =>
      Reflect.apply(response.writeHead, response, [200, pairs]).end();
    expect(await exchange(handler, "GET", () => undefined)).toBe(withMark(await exchange(handler, "GET")));
  });
});

it("keeps trailers", async () => {
  const handler = (response: ServerResponse) => {
    response.writeHead(200, { Trailer: "X-Sum" });
    response.write("a");
    response.addTrailers({ "X-Sum": "1" });
    response.end();
  };
  const later = () => new Promise<void>((resolve) => setImmediate(resolve));
  expect(await exchange(handler, "GET", later)).toBe(withMark(await exchange(handler, "GET")));
});

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

  it("a chunk of the wrong type ends the connection, not the process", async () => {
    const server = await listen((_request, response) => {
      hold(response, () => new Promise((resolve) => setImmediate(resolve)));
      Reflect.apply(response.end, response, [{}]);
    });
    await expect(fetch(server.url)).rejects.toThrow();
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

it("leaves a response alone whose headers are out", async () => {
  const server = await listen((_request, response) => {
    response.write("a");
    hold(response, () => Promise.reject(new Error("never asked")));
    response.end("b");
  });
  expect(await (await fetch(server.url)).text()).toBe("ab");
});

function hold(response: ServerResponse, before: HeadGuard["before"]): void {
  holdHead(response, { before, failed: errorAnswer });
}

function withMark(raw: string): string {
  const end = raw.indexOf("\r\n", raw.lastIndexOf("\r\n", raw.indexOf("\r\nConnection:")));
  return `${raw.slice(0, end)}\r\nx-held: 1${raw.slice(end)}`;
}

/** The raw bytes that a handler's response puts on the wire. */
async function exchange(
  handler: (response: ServerResponse) => unknown,
  method: string,
  before?: () => MaybePromise<void>,
): Promise<string> {
  const server = await listen((_request, response) => {
    response.sendDate = false;
    if (before) {
      hold(response, (head) => {
        const pending = before();
        const mark = () => head.set("x-held", "1");
        return pending ? pending.then(mark) : mark();
      });
    }
    handler(response);
  });
  const socket = connect(server.port, "127.0.0.1");
  socket.write(`${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  return await text(socket);
}

async function listen(handler: RequestListener) {
  const requested = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    handler(request, response);
    requested.resolve();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}`, requested: requested.promise };
}
