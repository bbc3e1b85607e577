/**
 * Tests the mistake of mounting a function that returns middleware instead of calling it (`app.use(coatcheck)`).
 * TypeScript does not find most of these mistakes.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { afterEach, expect, it } from "vitest";
import * as forExpress from "../../src/http/express.ts";
import * as forFastify from "../../src/http/fastify.ts";
import * as forHono from "../../src/http/hono.ts";
import * as forNode from "../../src/http/node/adapter.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";

const manager = new SessionManager({ store: memoryStore(), secrets: ["the secret of these tests"] });
const GUARDS = [
  "requireSession",
  "requireSubject",
  "requireElevated",
  "requireJwt",
  "forbidWhileImpersonating",
] as const;
const untyped = (value: unknown) => value as never;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0)) await cleanUp();
});

const ARGUMENTS = new Map([
  ["requireElevated", "scope"],
  ["forbidWhileImpersonating", "action"],
]);
const expectedMessage = (name: string) =>
  ARGUMENTS.has(name)
    ? `Invalid session field: ${ARGUMENTS.get(name)} must be a non-empty string (got object).`
    : `Invalid call of ${name}(): was mounted without being called; mount ${name}(), with the parentheses.`;

it.each([...GUARDS, "sessionErrors", "coatcheck"] as const)(
  "%s, mounted without parentheses, throws an error in Express, so that the request does not hang",
  async (name) => {
    const app = express();
    if (name !== "coatcheck") app.use(forExpress.coatcheck(manager, { cookie: { secure: false } }));
    app.use(untyped(forExpress[name]));
    app.use(((error, _request, response, _next) => {
      response.status(500).end(error.message);
    }) satisfies express.ErrorRequestHandler);
    const server = createServer(app).listen(0, "127.0.0.1");
    cleanups.push(() => server.close());
    await once(server, "listening");
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect([response.status, await response.text()]).toEqual([
      500,
      name === "coatcheck"
        ? "Invalid call of coatcheck(manager, options): manager must be a SessionManager (got object)."
        : expectedMessage(name),
    ]);
  },
);

it.each(GUARDS)(
  "%s, mounted without parentheses, throws an error in Fastify and Hono, so that the request does not hang",
  async (name) => {
    const app = fastify();
    cleanups.push(() => app.close());
    await app.register(forFastify.coatcheck(manager));
    app.get("/", { preHandler: untyped(forFastify[name]) }, async () => "passed");
    const response = await app.inject("/");
    expect([response.statusCode, response.json().message]).toEqual([500, expectedMessage(name)]);

    const messages: string[] = [];
    const hono = new Hono();
    hono.use(forHono.coatcheck(manager));
    hono.get("/", untyped(forHono[name]), (c) => c.text("passed"));
    hono.onError((error, c) => {
      messages.push(error.message);
      return c.text("failed", 500);
    });
    expect((await hono.request("http://localhost/")).status).toBe(500);
    expect(messages).toEqual([expectedMessage(name)]);
  },
);

it("coatcheck(manager) as a Fastify hook throws an error that says to call app.register() instead", async () => {
  const app = fastify();
  cleanups.push(() => app.close());
  app.addHook("onRequest", untyped(forFastify.coatcheck(manager)));
  app.get("/", async () => "passed");
  const response = await app.inject("/");
  expect([response.statusCode, response.json().message]).toEqual([
    500,
    "Invalid call of the plugin coatcheck(): app must be a Fastify instance: write app.register(coatcheck(manager)) (got object).",
  ]);
});

it.each(["coatcheck(manager)(listener)", "withSession.upgrade(listener)"])(
  "options that are passed to %s throw an error that says where they belong",
  (call) => {
    const withSession = forNode.coatcheck(manager);
    const wrap = untyped(call.includes("upgrade") ? withSession.upgrade : withSession) as (
      ...args: unknown[]
    ) => unknown;
    expect(() => wrap(() => {}, { cookie: { secure: false } })).toThrow(
      `Invalid call of ${call}: takes no second argument; the options belong to coatcheck(manager, options).`,
    );
    expect(() => wrap({})).toThrow(`Invalid call of ${call}: listener must be a function (got object).`);
    expect(wrap(() => {})).toBeTypeOf("function");
  },
);

it("coatcheck(manager) as a listener of node:http throws an error, so that the request does not hang", () => {
  const listener = untyped(forNode.coatcheck(manager)) as (request: unknown, response: unknown) => void;
  const request = { method: "GET" } as IncomingMessage;
  expect(() => listener(request, new ServerResponse(request))).toThrow(
    "Invalid call of coatcheck(manager)(listener): listener must be a function (got object).",
  );
});
