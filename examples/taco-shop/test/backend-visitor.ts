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
import type { ShownCart } from "../backend/typescript/cart.ts";

const BACKENDS: readonly BackendKind[] = ["php", "typescript"];

/** The backend for tests that need only one. */
export const ONE_BACKEND: BackendKind = hasPhp() ? "php" : "typescript";

/** Describes tests once for each backend; those of the PHP backend are skipped where PHP is missing. */
export function describeEachBackend(
  title: (kind: BackendKind) => string,
  body: (kind: BackendKind) => void,
): void {
  for (const kind of BACKENDS) {
    if (kind === "php") describeWithProgram("php", title(kind), () => body(kind));
    else describe(title(kind), () => body(kind));
  }
}

export const XL = {
  size: "tacos_XL",
  meats: [{ id: "viande_hachee", quantity: 2 }],
  sauces: ["harissa"],
  garnitures: ["salade"],
};
export const L = {
  size: "tacos_L",
  meats: [{ id: "escalope_de_poulet", quantity: 1 }],
  sauces: ["algérienne"],
  garnitures: ["tomates"],
};
/** Who orders, where to and when. */
export const ALICE = {
  customer: { name: "Alice", phone: "+41791234567" },
  delivery: { type: "livraison", address: "...", requestedFor: "15:00" },
};

/** What a change of the cart answers. */
export type Write = { item: { id: number; total: number } | null; cart: ShownCart };
/** What a refusal answers. */
export type Refused = { error: { code: string; fields?: { path: string }[]; items?: unknown } };

/** A header that makes an order one of its own. */
export const key = () => ({ "idempotency-key": crypto.randomUUID() });

/** Asks the backend as one visitor; `T` is what the caller knows of the answer. */
export interface Visitor {
  ask<T = unknown>(
    method: UpstreamRequest["method"],
    path: string,
    json?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: T }>;
}

/** A new folder, and what removes it. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "taco-shop-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) };
}

/** The gateway in front of a backend. */
export function gatewayTo(url: string, more: Partial<UpstreamOptions> = {}): Upstream {
  return createUpstream({
    baseUrl: url,
    csrf: { path: "/csrf", source: { json: "csrfToken" }, sendAs: { header: "X-CSRF-Token" } },
    secrets: ["a secret of the taco shop's tests"],
    ...more,
  });
}

/** A backend of its own for the tests of one `describe`, with the gateway and a session manager before it. */
export function useBackend(kind: BackendKind, left: Record<string, number> = {}) {
  const folder = temporaryFolder();
  const manager = new SessionManager({ store: memoryStore(), secrets: ["a secret of the manager's tests"] });
  const used = {} as { backend: Backend; upstream: Upstream };
  beforeAll(async () => {
    writeFileSync(join(folder.path, "stock.json"), JSON.stringify({ through: 0, left }));
    used.backend = await startBackend({ port: 0, dataDir: folder.path, kind });
    used.upstream = gatewayTo(used.backend.url);
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
    /** Resolves when it is down; the second call brings it up again, on the same port and folder. */
    kill: () => used.backend.stop("SIGKILL"),
    async restart() {
      used.backend = await startBackend({ port: used.backend.port, dataDir: folder.path, kind });
    },
    plain: async () => plainVisitor(used.backend.url),
    visitor: () => sessionVisitor(used.upstream, manager),
  };
}

/** A visitor whose session keeps its standing at the backend; its requests go through the gateway. A new one unless its session is given. */
export async function sessionVisitor(
  upstream: Upstream,
  manager: SessionManager,
  sessionId?: string,
): Promise<Visitor> {
  const state = stateInSession(manager, sessionId ?? (await manager.create()).record.id);
  return {
    async ask<T>(...[method, path, json, headers = {}]: Parameters<Visitor["ask"]>) {
      const body = json === undefined ? {} : { body: { json: JSON.parse(JSON.stringify(json)) } };
      const answer = await upstream.request(state, { method, path, headers, ...body });
      return { status: answer.status, body: answer.json() as T };
    },
  };
}

/** A visitor as a browser without the gateway would be: it keeps one cookie, and fetches the token before each write. */
function plainVisitor(url: string): Visitor {
  let cookie = "";
  const send = async <T>(
    method: string,
    path: string,
    json?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const answer = await fetch(url + path, {
      method,
      headers: { ...headers, cookie },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    const [given] = answer.headers.getSetCookie();
    if (given) cookie = given.split(";", 1)[0] ?? "";
    return { status: answer.status, body: (await answer.json()) as T };
  };
  return {
    async ask<T>(...[method, path, json, headers]: Parameters<Visitor["ask"]>) {
      if (method === "GET") return await send<T>(method, path, json, headers);
      const { body } = await send<{ csrfToken: string }>("GET", "/csrf");
      return await send<T>(method, path, json, { "x-csrf-token": body.csrfToken, ...headers });
    },
  };
}
