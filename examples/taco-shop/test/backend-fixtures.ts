import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SessionManager } from "coatcheck";
import {
  createUpstream,
  stateInSession,
  type Upstream,
  type UpstreamOptions,
  type UpstreamRequest,
} from "coatcheck/gateway";
import { memoryStore } from "coatcheck/store/memory";
import { afterAll, beforeAll, describe } from "vitest";
import { describeWithProgram } from "../../../scripts/test-programs/describe.ts";
import { type Backend, type BackendKind, hasPhp, startBackend } from "../backend/start.ts";
import type { PricedCart } from "../backend/typescript/cart.ts";
import { BACKEND_OPTIONS } from "../src/backend.ts";

const BACKENDS: readonly BackendKind[] = ["php", "typescript"];

/** The backend for tests that do not run with each backend. */
export const ONE_BACKEND: BackendKind = hasPhp() ? "php" : "typescript";

/** Calls `describe` for each backend. Skips the tests of the PHP backend if PHP is missing. */
export function describeEachBackend(
  title: (kind: BackendKind) => string,
  body: (kind: BackendKind) => void,
): void {
  for (const kind of BACKENDS) {
    if (kind === "php") describeWithProgram(title(kind), "php", () => body(kind));
    else describe(title(kind), () => body(kind));
  }
}

export const TACO_XL = {
  size: "tacos_XL",
  meats: [{ id: "viande_hachee", quantity: 2 }],
  sauces: ["harissa"],
  garnitures: ["salade"],
};
export const TACO_L = {
  size: "tacos_L",
  meats: [{ id: "escalope_de_poulet", quantity: 1 }],
  sauces: ["algérienne"],
  garnitures: ["tomates"],
};
/** The recipient of the test orders. */
export const ALICE_RECIPIENT = {
  customer: { name: "Alice", phone: "+41791234567" },
  delivery: { type: "livraison", address: "...", requestedFor: "15:00" },
};

/** The body of the response to a change of the cart. */
export type ChangeResponse = { item: { id: number; total: number } | null; cart: PricedCart };
/** The body of an error response. */
export type ErrorBody = { error: { code: string; fields?: { path: string }[]; items?: unknown } };

/** Returns a header with a new idempotency key. */
export const idempotencyKeyHeader = () => ({ "idempotency-key": crypto.randomUUID() });

/** Sends requests to the backend as one visitor. `T` is the type of the response body. */
export interface Visitor {
  send<T = unknown>(
    method: UpstreamRequest["method"],
    path: string,
    json?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: T }>;
}

/** Creates a temporary folder. */
export function createTemporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "taco-shop-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) };
}

/** Creates a gateway to a backend. */
export function openGatewayTo(url: string, more: Partial<UpstreamOptions> = {}): Upstream {
  return createUpstream({
    baseUrl: url,
    ...BACKEND_OPTIONS,
    secrets: ["a secret of the taco shop's tests"],
    ...more,
  });
}

/**
 * Starts a backend for the tests of one `describe`, with a gateway and a session manager.
 *
 * @param stock the portions of each product whose stock differs from the menu, by product id.
 */
export function setUpBackend(kind: BackendKind, stock: Record<string, number> = {}) {
  const folder = createTemporaryFolder();
  const manager = new SessionManager({ store: memoryStore(), secrets: ["a secret of the manager's tests"] });
  const used = {} as { backend: Backend; upstream: Upstream };
  beforeAll(async () => {
    writeFileSync(join(folder.path, "stock.json"), JSON.stringify({ through: 0, left: stock }));
    used.backend = await startBackend({ port: 0, dataDir: folder.path, kind });
    used.upstream = openGatewayTo(used.backend.url);
  });
  afterAll(async () => {
    await used.upstream.close();
    await used.backend.stop();
    await manager.close();
    folder.remove();
  });
  return {
    manager,
    folder: folder.path,
    url: () => used.backend.url,
    upstream: () => used.upstream,
    /** Resolves when the backend has been killed. `restart` starts it again on the same port and folder. */
    kill: () => used.backend.stop("SIGKILL"),
    async restart() {
      used.backend = await startBackend({ port: used.backend.port, dataDir: folder.path, kind });
    },
    plain: async () => createPlainVisitor(used.backend.url),
    visitor: () => createSessionVisitor(used.upstream, manager),
  };
}

/**
 * Creates a visitor whose requests go through the gateway. Its session stores the backend's cookies and CSRF token.
 *
 * @param sessionId Default: a new session.
 */
export async function createSessionVisitor(
  upstream: Upstream,
  manager: SessionManager,
  sessionId?: string,
): Promise<Visitor> {
  const state = stateInSession(manager, sessionId ?? (await manager.create()).record.id);
  return {
    async send<T>(...[method, path, json, headers = {}]: Parameters<Visitor["send"]>) {
      const body = json === undefined ? {} : { body: { json: JSON.parse(JSON.stringify(json)) } };
      const response = await upstream.request(state, { method, path, headers, ...body });
      return { status: response.status, body: response.json() as T };
    },
  };
}

/** Creates a visitor without a gateway. It stores one cookie and requests a CSRF token before each write. */
function createPlainVisitor(url: string): Visitor {
  let cookie = "";
  const send = async <T>(
    method: string,
    path: string,
    json?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, cookie },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    const [setCookie] = response.headers.getSetCookie();
    if (setCookie) cookie = setCookie.split(";", 1)[0] ?? "";
    return { status: response.status, body: (await response.json()) as T };
  };
  return {
    async send<T>(...[method, path, json, headers]: Parameters<Visitor["send"]>) {
      if (method === "GET") return await send<T>(method, path, json, headers);
      const { body } = await send<{ csrfToken: string }>("GET", "/csrf");
      return await send<T>(method, path, json, { "x-csrf-token": body.csrfToken, ...headers });
    },
  };
}
