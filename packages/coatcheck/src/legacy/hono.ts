import { errorResponse, isCoatcheckError } from "../http/error-response.ts";
import type { HttpRequest } from "../http/message.ts";
import type { RequestMigrator } from "./migration-result.ts";

/**
 * The members of Hono's context that the middleware uses. Declared here so that the package does not depend on Hono.
 */
interface HonoContext {
  readonly req: {
    raw: Request;
    readonly url: string;
    readonly method: string;
    header(name: string): string | undefined;
  };
  res: Response;
  readonly env: unknown;
  header(name: string, value: string, options?: { append: boolean }): void;
}

/** The members that `@hono/node-server` adds to a context's `env`. */
interface NodeEnv {
  readonly incoming?: { readonly socket: { readonly remoteAddress?: string } };
}

type HonoMiddleware = (c: HonoContext, next: () => Promise<void>) => Promise<void>;

/**
 * Middleware that runs the migration in Hono. Mount it before `coatcheck()`.
 *
 * @example
 * app.use(legacySessionsHono(migration));
 * app.use(coatcheck(manager));
 */
export function legacySessionsHono(migration: RequestMigrator): HonoMiddleware {
  return async (c, next) => {
    try {
      const result = await migration.migrate(toHttpRequest(c));
      const { cookieHeader } = result;
      if (cookieHeader !== undefined) c.req.raw = copyWithCookies(c.req.raw, cookieHeader);
      await next();
      result.applyTo({
        get: (name) => c.res.headers.get(name),
        set: (name, value) => c.header(name, value),
        append: (name, value) => c.header(name, value, { append: true }),
      });
    } catch (error) {
      if (!isCoatcheckError(error)) throw error;
      const { status, headers, body } = errorResponse(error);
      c.res = new Response(body, { status, headers });
    }
  };
}

/**
 * Copies the request with another `Cookie` header. Some runtimes have immutable headers or their own `Request` class.
 */
function copyWithCookies(request: Request, cookieHeader: string): Request {
  const headers = new Headers(request.headers);
  headers.set("cookie", cookieHeader);
  const { method, body, signal } = request;
  const init: RequestInit & { duplex: "half" } = { method, headers, body, signal, duplex: "half" };
  return new Request(request.url, init);
}

function toHttpRequest(c: HonoContext): HttpRequest {
  const { protocol, pathname, host } = new URL(c.req.url);
  const { incoming } = (c.env ?? {}) as NodeEnv;
  return {
    method: c.req.method,
    url: pathname,
    address: incoming?.socket.remoteAddress,
    encrypted: protocol === "https:",
    header: (name) => c.req.header(name) ?? (name === "host" ? host : undefined),
  };
}
