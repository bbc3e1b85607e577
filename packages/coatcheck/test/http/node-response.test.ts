import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "vitest";
import type { MaybePromise } from "../../src/session/maybe-promise.ts";
import { deferHeadersUntil, startServer } from "./deferred-response.ts";

/** Different ways to send a response. The client must receive the same bytes with and without deferred headers. */
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
  "writeHead after setHeader": (response) => {
    response.setHeader("X-One", "old");
    response.setHeader("Set-Cookie", "a=1");
    response.writeHead(200, { "x-one": "new" }).end("body");
  },
  "writeHead with a flat list after setHeader": (response) => {
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
  "304": (response) => response.writeHead(304, { ETag: '"1"' }).end(),
  "writeHead with a status out of range": (response) => {
    try {
      response.writeHead(99);
    } catch (error) {
      response.end(String(error));
    }
  },
  "writeHead with an invalid header value": (response) => {
    try {
      response.writeHead(200, { "X-One": "a\r\nX-Two: b" });
    } catch (error) {
      response.end(String(error));
    }
  },
  "headersSent and writableEnded after writeHead": (response) => {
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

describe("a response with deferred headers", () => {
  for (const [name, handler] of Object.entries(handlers)) {
    for (const method of ["GET", "HEAD"]) {
      it(`has the same bytes as without deferral: ${name} (${method})`, async () => {
        const bare = await sendAndReadRaw(handler, method);
        const immediate = await sendAndReadRaw(handler, method, () => undefined);
        const later = await sendAndReadRaw(
          handler,
          method,
          () => new Promise((resolve) => setImmediate(resolve)),
        );
        expect(bare).toContain("HTTP/1.1 ");
        expect(immediate).toBe(insertDeferredHeader(bare));
        expect(later).toBe(insertDeferredHeader(bare));
      });
    }
  }

  it("has the same bytes as without deferral: writeHead with a list of pairs", async () => {
    const pairs = [
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ];
    const handler = (response: ServerResponse) =>
      Reflect.apply(response.writeHead, response, [200, pairs]).end();
    expect(await sendAndReadRaw(handler, "GET", () => undefined)).toBe(
      insertDeferredHeader(await sendAndReadRaw(handler, "GET")),
    );
  });
});

it("deferHeaders() does not change trailers", async () => {
  const handler = (response: ServerResponse) => {
    response.writeHead(200, { Trailer: "X-Sum" });
    response.write("a");
    response.addTrailers({ "X-Sum": "1" });
    response.end();
  };
  const later = () => new Promise<void>((resolve) => setImmediate(resolve));
  expect(await sendAndReadRaw(handler, "GET", later)).toBe(
    insertDeferredHeader(await sendAndReadRaw(handler, "GET")),
  );
});

it("deferHeaders() does nothing when the headers have been sent", async () => {
  const server = await startServer((_request, response) => {
    response.write("a");
    deferHeadersUntil(response, () => Promise.reject(new Error("must not be called")));
    response.end("b");
  });
  expect(await (await fetch(server.url)).text()).toBe("ab");
});

/** Inserts the hook's header into a raw response, after the headers of the handler. */
function insertDeferredHeader(raw: string): string {
  const end = raw.indexOf("\r\n", raw.lastIndexOf("\r\n", raw.indexOf("\r\nConnection:")));
  return `${raw.slice(0, end)}\r\nx-deferred: 1${raw.slice(end)}`;
}

/**
 * Sends a request and returns the raw response of `handler`. If there is a `beforeSend`, the response is deferred until
 * `beforeSend` has finished.
 */
async function sendAndReadRaw(
  handler: (response: ServerResponse) => unknown,
  method: string,
  beforeSend?: () => MaybePromise<void>,
): Promise<string> {
  const server = await startServer((_request, response) => {
    response.sendDate = false;
    if (beforeSend) {
      deferHeadersUntil(response, (headers) => {
        const pending = beforeSend();
        const mark = () => headers.set("x-deferred", "1");
        return pending ? pending.then(mark) : mark();
      });
    }
    handler(response);
  });
  const socket = connect(server.port, "127.0.0.1");
  socket.write(`${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  return await text(socket);
}
