import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { CoatcheckError } from "../../session/errors.ts";
import type { AdapterCase, AdapterCases } from "./case.ts";
import { countRoute, loginRoute, showRoute } from "./case.ts";
import type { Route } from "./exchange.ts";

/** Creates a route that changes the session, then writes to the `node:http` response directly. */
function createRawResponseRoute(write: (response: ServerResponse) => unknown): Route {
  return {
    async handle(exchange) {
      const session = await exchange.session.load();
      session.data.saved = true;
      const response = exchange.raw?.();
      if (!response)
        throw new Error(
          "Exchange.raw is missing: an adapter with `raw: true` must return its node:http response.",
        );
      return write(response);
    },
  };
}

/**
 * Logs in after the headers were sent, so that the new token cannot be set. Loads the session before (`early`) or
 * after.
 */
const createLateLoginRoute = (load: "early" | "late"): Route => ({
  async handle(exchange) {
    if (load === "early") await exchange.session.load();
    const response = exchange.raw?.();
    response?.write("sent ");
    const session = await exchange.session.load();
    const failure = await session.authenticate("ann").catch((error: unknown) => error);
    response?.end(failure instanceof CoatcheckError ? failure.code : "logged in");
  },
});

/** Ways to respond on a `node:http` response, with the expected status and body. */
const responseWriters: Record<
  string,
  [write: (response: ServerResponse) => unknown, status: number, body: string]
> = {
  "writeHead with a status": [(response) => response.writeHead(201).end("body"), 201, "body"],
  "writeHead with an object": [
    (response) => response.writeHead(200, { "x-one": "1" }).end("body"),
    200,
    "body",
  ],
  "writeHead with a reason and an object": [
    (response) => response.writeHead(200, "Fine", { "x-one": "1" }).end("body"),
    200,
    "body",
  ],
  "writeHead with a flat list that sets a cookie": [
    (response) => response.writeHead(200, ["set-cookie", "a=1", "x-one", "1"]).end("body"),
    200,
    "body",
  ],
  "writeHead with a list of pairs": [
    (response) => Reflect.apply(response.writeHead, response, [200, [["set-cookie", "a=1"]]]).end("body"),
    200,
    "body",
  ],
  "writeHead over setHeader": [
    (response) => response.setHeader("set-cookie", "a=1").writeHead(302, { location: "/next" }).end(),
    302,
    "",
  ],
  "end alone": [(response) => response.end("body"), 200, "body"],
  "end with a callback": [(response) => response.end("body", () => {}), 200, "body"],
  "end twice": [(response) => response.end("body").end(), 200, "body"],
  "writes, then end": [
    (response) => {
      response.write("bo");
      response.write("dy");
      response.end();
    },
    200,
    "body",
  ],
  "flushHeaders, then end": [
    (response) => {
      response.flushHeaders();
      response.end("body");
    },
    200,
    "body",
  ],
};

/** Cases for frameworks on top of `node:http`, where handlers can bypass the framework. */
export const nodeResponseCases: AdapterCases = {
  ...Object.fromEntries(
    Object.entries(responseWriters).map(([name, [write, status, body]]): [string, AdapterCase] => [
      `the session's cookie is set by ${name}`,
      {
        routes: { "/write": createRawResponseRoute(write), "/show": showRoute },
        async check(fixture) {
          const browser = fixture.openBrowser();
          const hold = fixture.store.holdWrites();
          const sent = browser.send("/write");
          await hold.arrived;
          hold.release();
          const response = await sent;
          assert.deepEqual([response.status, response.body], [status, body]);
          assert.equal(JSON.parse((await browser.send("/show")).body).data.saved, true);
        },
      },
    ]),
  ),
  "a login after the headers were sent fails with CONFLICT, and the browser's token stays valid": {
    routes: {
      "/count": countRoute,
      "/late": createLateLoginRoute("early"),
      "/later": createLateLoginRoute("late"),
      "/show": showRoute,
    },
    async check(fixture) {
      const failed: string[] = [];
      fixture.manager.events.on("failed", ({ operation }) => failed.push(operation));
      for (const path of ["/late", "/later"]) {
        assert.equal((await fixture.send(path)).body, "sent CONFLICT");
      }
      assert.equal(await fixture.countStoredSessions(), 0);
      const browser = fixture.openBrowser();
      await browser.send("/count");
      for (const path of ["/late", "/later"]) {
        assert.equal((await browser.send(path)).body, "sent CONFLICT");
      }
      assert.deepEqual(failed, Array(4).fill("late-token"));
      const { refusal, subject: createCache } = JSON.parse((await browser.send("/show")).body);
      assert.deepEqual([refusal, createCache], [null, null]);
    },
  },
  "a session is saved although its client disconnects before the commit, and the server keeps running": {
    routes: { "/write": createRawResponseRoute((response) => response.end("body")), "/login": loginRoute },
    async check(fixture) {
      const writes = fixture.store.holdWrites();
      const { hostname, port } = new URL(fixture.url);
      const socket = connect(Number(port), hostname);
      socket.write("GET /write HTTP/1.1\r\nhost: x\r\n\r\n");
      await writes.arrived;
      socket.destroy();
      assert.equal(await text(socket).catch(() => ""), "");
      const stored = once(fixture.manager.events, "created");
      writes.release();
      await stored;
      assert.equal((await fixture.send("/login")).status, 200);
    },
  },
};
