import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { serve } from "@hono/node-server";
import express, { type Express } from "express";
import express4 from "express4";
import fastify from "fastify";
import { Hono } from "hono";
import * as forExpress from "../../src/http/express.ts";
import * as forFastify from "../../src/http/fastify.ts";
import * as forHono from "../../src/http/hono.ts";
import * as forNode from "../../src/http/node/adapter.ts";
import type {
  AdapterServer,
  AdapterSuiteData,
  Exchange,
  Route,
  Routes,
  StartAdapter,
} from "../../src/testing/adapter-suite.ts";

/**
 * Starts Express 5 or 4. Express 4 ignores the promise that a handler returns, so this function passes rejections to
 * `next`.
 */
export function startExpress(make: () => Express): StartAdapter {
  return async (manager, options, routes) => {
    const app = make();
    app.use(express.urlencoded({ extended: false }));
    app.use(forExpress.coatcheck(manager, options));
    for (const [path, route] of Object.entries(routes)) {
      app.all(path, createGuard(route, forExpress, callNext), (request, response, next) => {
        const exchange: Exchange = {
          session: forExpress.sessionOf<AdapterSuiteData>(request),
          reply: (status, headers, body) => {
            response.status(status).set(headers);
            return body === undefined ? response.end() : response.send(body);
          },
          stream: (chunks) => Readable.from(chunks).pipe(response),
          raw: () => response,
        };
        Promise.resolve(route.handle(exchange)).catch(next);
      });
    }
    app.use(forExpress.sessionErrors());
    app.use(((_error, _request, response, _next) => {
      response.status(500).end();
    }) satisfies express.ErrorRequestHandler);
    return await listenOnFreePort(createServer(app));
  };
}

export const startExpress5: StartAdapter = startExpress(express);
export const startExpress4: StartAdapter = startExpress(express4);

export const startFastify: StartAdapter = async (manager, options, routes) => {
  const app = fastify({ forceCloseConnections: true });
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string" },
    (_request, body, parsed) => parsed(null, parseForm(String(body))),
  );
  app.register(forFastify.coatcheck(manager, options));
  app.setErrorHandler(forFastify.sessionErrors());
  for (const [path, route] of Object.entries(routes)) {
    app.all(path, { preHandler: createGuard(route, forFastify, callNext) }, async (request, reply) => {
      await route.handle({
        session: forFastify.sessionOf<AdapterSuiteData>(request),
        reply: (status, headers, body) => reply.code(status).headers(headers).send(body),
        stream: (chunks) => reply.send(Readable.from(chunks)),
        raw: () => {
          reply.hijack();
          return reply.raw;
        },
      });
      return reply;
    });
  }
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return { url, close: () => app.close() };
};

function createHonoApp(
  ...[manager, options, routes]: Parameters<StartAdapter>
): Hono<forHono.SessionEnv<AdapterSuiteData>> {
  const app = new Hono<forHono.SessionEnv<AdapterSuiteData>>();
  app.use(forHono.coatcheck(manager, options));
  for (const [path, route] of Object.entries(routes)) {
    const guard = createGuard(route, forHono, async (_c, next) => await next());
    app.all(path, guard, async (c) => {
      const exchange: Exchange = {
        session: c.get("session"),
        reply: (status, headers, body) => new Response(body ?? null, { status, headers }),
        stream: (chunks) => new Response(createByteStream(chunks)),
      };
      return (await route.handle(exchange)) as Response;
    });
  }
  app.onError(forHono.sessionErrors((_error, c) => c.body(null, 500)));
  return app;
}

export const startHono: StartAdapter = async (manager, options, routes) => {
  const { fetch } = createHonoApp(manager, options, routes);
  const server = serve({ fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: false });
  await once(server, "listening");
  return toAdapterServer(server as Server);
};

/**
 * Starts Hono without `@hono/node-server`. Hono then receives a `Request` and returns a `Response`, as in fetch-based
 * runtimes.
 */
export const startFetch: StartAdapter = async (manager, options, routes) => {
  const app = createHonoApp(
    manager,
    { ...options, addressOf: () => "127.0.0.1" } as forHono.HonoOptions,
    routes,
  );
  const listener: RequestListener = async (incoming, outgoing) => {
    const headers = new Headers();
    for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
      headers.append(incoming.rawHeaders[index] ?? "", incoming.rawHeaders[index + 1] ?? "");
    }
    const { method = "GET", url = "/" } = incoming;
    const response = await app.fetch(
      new Request(new URL(url, `http://${incoming.headers.host}`), {
        method,
        headers,
        ...(incoming.headers["content-type"] && { body: await text(incoming) }),
      }),
    );
    const { "set-cookie": _joined, ...fields } = Object.fromEntries(response.headers);
    outgoing.writeHead(response.status, { ...fields, "set-cookie": response.headers.getSetCookie() });
    outgoing.end(method === "HEAD" ? undefined : await response.bytes());
  };
  return await listenOnFreePort(createServer(listener));
};

export const startNode: StartAdapter = async (manager, options, routes) => {
  const guards = (route: Route, session: Exchange["session"]) => {
    const { guard } = route;
    if (guard === undefined) return undefined;
    if (guard === "session") return session.requireSession();
    return guard === "subject" ? session.requireSubject() : session.requireElevated(guard.elevated);
  };
  const listener = forNode.coatcheck(
    manager,
    options,
  )(async (request, response) => {
    const path = request.url?.split("?")[0] ?? "/";
    const route = Object.hasOwn(routes, path) ? routes[path as keyof Routes] : undefined;
    if (!route) return response.writeHead(404).end();
    await guards(route, request.session);
    try {
      return await route.handle({
        session: request.session,
        reply: (status, headers, body) => response.writeHead(status, headers).end(body),
        stream: (chunks) => Readable.from(chunks).pipe(response),
        raw: () => response,
      });
    } catch (error) {
      if ((error as { code?: string }).code) throw error;
      return response.writeHead(500).end();
    }
  });
  const server = createServer(async (request, response) => {
    const isForm = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
    if (isForm) Object.assign(request, { body: parseForm(await text(request)) });
    await listener(request, response);
  });
  return await listenOnFreePort(server);
};

function parseForm(form: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(form));
}

interface GuardFactories<Guard> {
  requireSession(): Guard;
  requireSubject(): Guard;
  requireElevated(scope: string): Guard;
}

function createGuard<Guard>({ guard }: Route, guards: GuardFactories<Guard>, none: Guard): Guard {
  if (guard === undefined) return none;
  if (guard === "session") return guards.requireSession();
  return guard === "subject" ? guards.requireSubject() : guards.requireElevated(guard.elevated);
}

function callNext(_request: object, _response: object, next: () => void): void {
  next();
}

async function listenOnFreePort(server: Server): Promise<AdapterServer> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return toAdapterServer(server);
}

function toAdapterServer(server: Server): AdapterServer {
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Creates a stream. Each read returns the next chunk, encoded. */
export function createByteStream(chunks: Iterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = chunks[Symbol.iterator]();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
}
