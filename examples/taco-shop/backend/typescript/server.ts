import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Input } from "./checks.ts";
import { Ledger } from "./ledger.ts";
import { Menu } from "./menu.ts";
import { Refusal } from "./refusal.ts";
import { findHandler } from "./routes.ts";
import { Sessions, type Visitor } from "./sessions.ts";
import { Shop, type ShopResponse } from "./shop.ts";

// The backend for machines without PHP. Start it with `PORT=3002 TACO_SHOP_DATA=folder node server.ts`.

/** The largest request body, in bytes. */
const MAX_BODY_BYTES = 65_536;

const { PORT, TACO_SHOP_DATA: folder } = process.env;
if (!folder) throw new Error("Set TACO_SHOP_DATA to the folder for the backend's data.");

const menu = new Menu();
const ledger = new Ledger(folder, menu);
const sessions = new Sessions(folder);

/** The responses to requests that need no session, by path. */
const PUBLIC_RESPONSES: Readonly<Record<string, () => unknown>> = {
  "/health": () => ({ status: "ok", kind: "typescript" }),
  "/menu": () => menu.withStock(ledger.remainingPortions),
  "/stock": () => menu.stockByGroup(ledger.remainingPortions),
};

createServer(async (request, response) => {
  try {
    const body = await bodyOf(request);
    sendResponse(response, ...serveRequest(request, response, body));
  } catch (error) {
    sendError(response, error);
  }
}).listen(Number(PORT), "127.0.0.1");

/** Handles a request. Synchronous, so that requests are handled one at a time, as with PHP's session lock. */
function serveRequest(request: IncomingMessage, response: ServerResponse, body: Buffer): ShopResponse {
  const method = request.method === "HEAD" ? "GET" : (request.method ?? "");
  const [path = ""] = (request.url ?? "").split("?", 1);
  const read = Object.hasOwn(PUBLIC_RESPONSES, path) ? PUBLIC_RESPONSES[path] : undefined;
  if (read && method === "GET") return [200, read()];
  if (read) {
    const headers = { allow: "GET" };
    throw new Refusal(405, "method_not_allowed", "Method not allowed for this path.", { headers });
  }
  const handler = findHandler(method, path);
  const visitor = sessions.open(request.headers.cookie ?? "");
  if (visitor.isNew) {
    sessions.save(visitor);
    response.setHeader("set-cookie", sessions.cookieOf(visitor));
  }
  if (method !== "GET") requireToken(visitor, String(request.headers["x-csrf-token"] ?? ""));
  const key = String(request.headers["idempotency-key"] ?? "");
  const result = handler(new Shop(menu, ledger, visitor), { key, body: () => parseBody(body) });
  // Save before sending the response, so that a killed process loses no change that it has confirmed.
  if (method !== "GET") sessions.save(visitor);
  return result;
}

function requireToken({ token }: Visitor, received: string): void {
  const [expected, actual] = [Buffer.from(token), Buffer.from(received)];
  if (expected.length === actual.length && timingSafeEqual(expected, actual)) return;
  throw new Refusal(403, "csrf", "CSRF token missing or outdated; fetch a new one.");
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES)
    throw new Refusal(413, "too_large", `The body must have at most ${MAX_BODY_BYTES} bytes.`);
  return Buffer.concat(chunks);
}

function parseBody(body: Buffer): Input {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Input;
  } catch {
    // Malformed JSON causes the same error, below, as a JSON value that is not an object.
  }
  throw new Refusal(400, "bad_json", "The body must be a JSON object.");
}

function sendResponse(response: ServerResponse, status: number, value: unknown): void {
  const isPage = typeof value === "string";
  response.writeHead(status, {
    "content-type": isPage ? "text/html; charset=utf-8" : "application/json; charset=utf-8",
    "cache-control": "no-store",
  });
  response.end(isPage ? value : JSON.stringify(value));
}

function sendError(response: ServerResponse, error: unknown): void {
  if (error instanceof Refusal) {
    const { status, code, message, details, headers } = error;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    sendResponse(response, status, { error: { code, message, ...details } });
  } else {
    console.error(error);
    sendResponse(response, 500, {
      error: { code: "internal", message: "Internal error. See the backend's log." },
    });
  }
}
