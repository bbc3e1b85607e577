import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Input } from "./checks.ts";
import { Ledger } from "./ledger.ts";
import { Menu } from "./menu.ts";
import { Refusal } from "./refusal.ts";
import { route } from "./routes.ts";
import { Sessions, type Visitor } from "./sessions.ts";
import { type Answer, Shop } from "./shop.ts";

// The stand-in for machines without PHP: PORT=3002 TACO_SHOP_DATA=folder node server.ts

const LARGEST_BODY = 65_536;

const { PORT, TACO_SHOP_DATA: folder } = process.env;
if (!folder) throw new Error("TACO_SHOP_DATA names no folder.");

const menu = new Menu();
const ledger = new Ledger(folder, menu);
const sessions = new Sessions(folder);

/** What concerns no visitor. */
const PUBLIC: Readonly<Record<string, () => unknown>> = {
  "/health": () => ({ status: "ok", kind: "typescript" }),
  "/menu": () => menu.offer(ledger.left),
  "/stock": () => menu.stock(ledger.left),
};

createServer(async (request, response) => {
  try {
    const body = await bodyOf(request);
    answer(response, ...serve(request, response, body));
  } catch (error) {
    refuse(response, error);
  }
}).listen(Number(PORT), "127.0.0.1");

/** From here on nothing waits: a request is served whole before the next, as PHP's lock on the session has it. */
function serve(request: IncomingMessage, response: ServerResponse, body: Buffer): Answer {
  const method = request.method === "HEAD" ? "GET" : (request.method ?? "");
  const [path = ""] = (request.url ?? "").split("?", 1);
  const ask = Object.hasOwn(PUBLIC, path) ? PUBLIC[path] : undefined;
  if (ask && method === "GET") return [200, ask()];
  if (ask) throw new Refusal(405, "method_not_allowed", "This cannot be done here.", {}, { allow: "GET" });
  const handler = route(method, path);
  const visitor = sessions.open(request.headers.cookie ?? "");
  if (visitor.isNew) {
    sessions.save(visitor);
    response.setHeader("set-cookie", sessions.cookieOf(visitor));
  }
  if (method !== "GET") requireToken(visitor, String(request.headers["x-csrf-token"] ?? ""));
  const key = String(request.headers["idempotency-key"] ?? "");
  const result = handler(new Shop(menu, ledger, visitor), { key, body: () => parsed(body) });
  // Kept before it is acknowledged: nothing that was answered is lost when the shop is killed.
  if (method !== "GET") sessions.save(visitor);
  return result;
}

function requireToken({ token }: Visitor, given: string): void {
  const [expected, actual] = [Buffer.from(token), Buffer.from(given)];
  if (expected.length === actual.length && timingSafeEqual(expected, actual)) return;
  throw new Refusal(403, "csrf", "The CSRF token is missing or old; fetch a new one.");
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= LARGEST_BODY) chunks.push(chunk);
  }
  if (size > LARGEST_BODY) throw new Refusal(413, "too_large", `The body may take ${LARGEST_BODY} bytes.`);
  return Buffer.concat(chunks);
}

function parsed(body: Buffer): Input {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Input;
  } catch {
    // Told below, as everything else that is no JSON object.
  }
  throw new Refusal(400, "bad_json", "The body must be a JSON object.");
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  const isPage = typeof value === "string";
  response.writeHead(status, {
    "content-type": isPage ? "text/html; charset=utf-8" : "application/json; charset=utf-8",
    "cache-control": "no-store",
  });
  response.end(isPage ? value : JSON.stringify(value));
}

function refuse(response: ServerResponse, error: unknown): void {
  if (error instanceof Refusal) {
    const { status, code, message, more, headers } = error;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    answer(response, status, { error: { code, message, ...more } });
  } else {
    console.error(error);
    answer(response, 500, { error: { code: "internal", message: "Something went wrong here." } });
  }
}
