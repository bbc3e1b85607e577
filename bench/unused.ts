/**
 * Measures the cost of `coatcheck()` on a route that never reads its session, compared with an empty hook or
 * middleware. Runs in one process and without sockets, because the difference is smaller than network noise.
 */
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { SessionManager } from "coatcheck";
import { coatcheck as onExpress } from "coatcheck/express";
import { coatcheck as onFastify } from "coatcheck/fastify";
import { coatcheck as onHono } from "coatcheck/hono";
import { memoryStore } from "coatcheck/store/memory";
import express from "express";
import fastify from "fastify";
import { Hono, type MiddlewareHandler } from "hono";
import { COOKIE_SECRET } from "./servers/workload.ts";

const WARM_UP_REQUESTS = 20_000;
const REQUESTS_PER_ROUND = 4_000;
const ROUNDS = 101;

/** Handles one request. Resolves when the response has ended. */
type RequestHandler = () => unknown;

/** One application in two versions, with an empty hook and with Coatcheck. The table has one row for both. */
interface ComparedVersions {
  readonly framework: string;
  readonly withEmptyHook: RequestHandler;
  readonly withCoatcheck: RequestHandler;
}

function newManager() {
  return new SessionManager({ store: memoryStore(), secrets: [COOKIE_SECRET] });
}

function expressPair(): ComparedVersions {
  const make = (middleware: express.RequestHandler): RequestHandler => {
    const app = express();
    app.use(middleware);
    app.get("/", (_request, response) => {
      response.json({ status: "ok" });
    });
    return onNode(app);
  };
  return {
    framework: "Express 5",
    withEmptyHook: make((_request, _response, next) => next()),
    withCoatcheck: make(onExpress(newManager()) as express.RequestHandler),
  };
}

async function fastifyPair(): Promise<ComparedVersions> {
  const make = async (isMounted: boolean): Promise<RequestHandler> => {
    const app = fastify();
    if (isMounted) await app.register(onFastify(newManager()));
    else app.addHook("onRequest", (_request, _reply, done) => done());
    app.get("/", async () => ({ status: "ok" }));
    await app.ready();
    return onNode(app.routing);
  };
  return { framework: "Fastify 5", withEmptyHook: await make(false), withCoatcheck: await make(true) };
}

function honoPair(): ComparedVersions {
  const make = (middleware: MiddlewareHandler): RequestHandler => {
    const app = new Hono();
    app.use(middleware);
    app.get("/", (c) => c.json({ status: "ok" }));
    return () => app.fetch(new Request("http://shop.example/"));
  };
  return {
    framework: "Hono 4",
    withEmptyHook: make((_c, next) => next()),
    withCoatcheck: make(onHono(newManager(), { addressOf: () => undefined }) as MiddlewareHandler),
  };
}

/** Returns a function that calls a listener as `node:http` does, but without a network connection. */
function onNode(listener: (request: IncomingMessage, response: ServerResponse) => void): RequestHandler {
  return () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const request = new IncomingMessage(new Socket());
    request.method = "GET";
    request.url = "/";
    request.headers.host = "shop.example";
    const response = new ServerResponse(request);
    const { end } = response;
    response.end = (...args: unknown[]) => {
      resolve();
      return Reflect.apply(end, response, args);
    };
    listener(request, response);
    return promise;
  };
}

/** Sends requests one after another. Returns the CPU time per request in microseconds. */
async function cpuTimeOf(handle: RequestHandler, count: number): Promise<number> {
  const before = process.cpuUsage();
  for (let index = 0; index < count; index++) await handle();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? Number.NaN;
}

async function rowOf({ framework, withEmptyHook, withCoatcheck }: ComparedVersions): Promise<string> {
  await cpuTimeOf(withEmptyHook, WARM_UP_REQUESTS);
  await cpuTimeOf(withCoatcheck, WARM_UP_REQUESTS);
  const costs = { withEmptyHook: [] as number[], withCoatcheck: [] as number[], added: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    const [first, second] = round % 2 === 0 ? [withEmptyHook, withCoatcheck] : [withCoatcheck, withEmptyHook];
    const [one, two] = [
      await cpuTimeOf(first, REQUESTS_PER_ROUND),
      await cpuTimeOf(second, REQUESTS_PER_ROUND),
    ];
    const [without, withSessions] = round % 2 === 0 ? [one, two] : [two, one];
    costs.withEmptyHook.push(without);
    costs.withCoatcheck.push(withSessions);
    costs.added.push(withSessions - without);
  }
  const cells = [costs.withEmptyHook, costs.withCoatcheck, costs.added].map((values) =>
    median(values).toFixed(2),
  );
  return `| ${[framework, ...cells].join(" | ")} |`;
}

/** Measures all frameworks. Returns the lines of the report's section. */
export async function measureUnused(): Promise<string[]> {
  return [
    `A GET on a route that never asks for its session, in one process without sockets: CPU time per request in microseconds, medians of ${ROUNDS} interleaved rounds of ${REQUESTS_PER_ROUND.toLocaleString("en")} requests.`,
    "",
    "| framework | empty hook or middleware | Coatcheck mounted | added |",
    "|---|---|---|---|",
    await rowOf(expressPair()),
    await rowOf(await fastifyPair()),
    await rowOf(honoPair()),
  ];
}

if (import.meta.main) console.log((await measureUnused()).join("\n"));
