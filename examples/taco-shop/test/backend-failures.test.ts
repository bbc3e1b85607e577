import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { readConfig } from "coatcheck-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTemporaryFolder, TACO_XL } from "./backend-fixtures.ts";
import { openNode } from "./node-fixtures.ts";
import { Visitor } from "./shop-fixtures.ts";

/** Writes the backend's response to every request, except to requests for a CSRF token. */
let respond: (response: ServerResponse) => void;
let otherHostRequests = 0;
const backend = createServer((request, response) => {
  if (request.url === "/csrf") response.end(JSON.stringify({ csrfToken: "token" }));
  else respond(response);
});
const otherHost = createServer((_request, response) => {
  otherHostRequests++;
  response.end("{}");
});
const folder = createTemporaryFolder();
/**
 * `patient` has the default timeout, so that tests pass on slow machines. `impatient` has a short timeout, so that the
 * tests of timeouts are fast.
 */
const nodes = {} as Record<"patient" | "impatient", Awaited<ReturnType<typeof openNode>>>;
let order = "";
const browser = new Visitor(() => nodes.patient.url);
const impatientBrowser = new Visitor(() => nodes.impatient.url);

beforeAll(async () => {
  for (const server of [backend, otherHost]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  const config = readConfig({ DATABASE_URL: `sqlite:${join(folder.path, "sessions.db")}` });
  const url = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;
  const breaker = { failures: 100, halfOpenAfter: 1 };
  nodes.patient = await openNode(config, url, { breaker });
  nodes.impatient = await openNode(config, url, { breaker, timeout: 300 });
  order = await browser.createOrder();
  impatientBrowser.cookie = browser.cookie;
});

afterAll(async () => {
  for (const node of Object.values(nodes)) await node.close();
  for (const server of [backend, otherHost]) {
    server.closeAllConnections();
    server.close();
  }
  folder.remove();
});

const BACKEND_SECRET = "mysql://root:hunter2@db";
const EMPTY_CART = { tacos: [], extras: [], drinks: [], desserts: [], itemCount: 0, total: 0 };

const BACKEND_FAILURES: [string, string, (response: ServerResponse) => void][] = [
  ["HTML", "UPSTREAM_UNAVAILABLE", (response) => response.end(`<h1>Fatal error: ${BACKEND_SECRET}</h1>`)],
  ["an empty body", "UPSTREAM_UNAVAILABLE", (response) => response.end()],
  ["JSON of another shape", "UPSTREAM_UNAVAILABLE", (response) => response.end('{"tacos":"hunter2"}')],
  ["an unknown error status", "UPSTREAM_UNAVAILABLE", (response) => response.writeHead(418).end("hunter2")],
  [
    "an unknown error code",
    "UPSTREAM_UNAVAILABLE",
    (response) => response.writeHead(409).end(`{"error":{"code":"odd","message":"${BACKEND_SECRET}"}}`),
  ],
  ["an internal error", "UPSTREAM_UNAVAILABLE", (response) => response.writeHead(500).end("hunter2")],
  ["30 MB", "UPSTREAM_UNAVAILABLE", (response) => response.end(Buffer.alloc(30 * 1024 * 1024, " "))],
  [
    "a redirect to another host",
    "UPSTREAM_UNAVAILABLE",
    (response) => {
      const { port } = otherHost.address() as AddressInfo;
      response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end();
    },
  ],
  [
    "an endless slow body",
    "UPSTREAM_TIMEOUT",
    (response) => {
      response.write("{");
      const drip = setInterval(() => response.write(" "), 50);
      response.on("close", () => clearInterval(drip));
    },
  ],
  ["no data", "UPSTREAM_TIMEOUT", () => {}],
  ["a broken connection", "UPSTREAM_UNAVAILABLE", (response) => response.destroy()],
];

test.each(BACKEND_FAILURES)(
  "if the backend responds with %s, the shop responds with %s and does not reveal the backend's response",
  async (_name, code, send) => {
    respond = send;
    const visitor = code === "UPSTREAM_TIMEOUT" ? impatientBrowser : browser;
    for (const response of [
      await visitor.post(`${order}/cart/tacos`, TACO_XL),
      await visitor.get(`${order}/cart`),
    ]) {
      expect(response.body.error?.code).toBe(code);
      expect(response.status).toBe(code === "UPSTREAM_TIMEOUT" ? 504 : 502);
      expect(JSON.stringify(response.body)).not.toContain("hunter2");
    }
    respond = (response) => response.end(JSON.stringify(EMPTY_CART));
    expect((await browser.get(`${order}/cart`)).body.data).toMatchObject(EMPTY_CART);
  },
);

test("the shop passes no cookie of the backend to the browser, and follows no redirect to another host", async () => {
  respond = (response) =>
    response
      .writeHead(200, { "set-cookie": ["PHPSESSID=theirs; Path=/", "evil=1; Domain=example.com"] })
      .end(JSON.stringify(EMPTY_CART));
  const { headers, status } = await browser.get(`${order}/cart`);
  expect(status).toBe(200);
  expect(headers.getSetCookie().join()).not.toMatch(/PHPSESSID|evil/);
  expect(otherHostRequests).toBe(0);
});
