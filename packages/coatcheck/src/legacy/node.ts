import type { IncomingMessage, ServerResponse } from "node:http";
import { errorResponse, isCoatcheckError } from "../http/error-response.ts";
import type { HttpRequest, ResponseHeaders } from "../http/message.ts";
import { sendError } from "../http/node/hold-response.ts";
import { type HeaderInput, NodeHeaders } from "../http/node/response-headers.ts";
import type { MigrationResult, RequestMigrator } from "./migration-result.ts";

type NextFunction = (error?: unknown) => void;
type Middleware = (request: IncomingMessage, response: ServerResponse, next: NextFunction) => void;

/**
 * Middleware that runs the migration in Express 5 and 4, and in any server of `node:http`. Mount it before
 * `coatcheck()`.
 *
 * @example
 * app.use(legacySessions(migration));
 * app.use(coatcheck(manager));
 */
export function legacySessions(migration: RequestMigrator): Middleware {
  return (request, response, next) => {
    migrateNodeRequest(migration, request, response).then(
      () => next(),
      (error) => (isCoatcheckError(error) ? sendError(response, errorResponse(error)) : next(error)),
    );
  };
}

/**
 * Runs the migration for one request to a Node server. On success the request carries the new token, and the response
 * sets and clears the cookies when its headers are sent.
 *
 * @returns the outcome, for applications that redirect after a migration.
 * @throws CoatcheckError `STORE_UNAVAILABLE` when a store, the legacy system or `validate` fails.
 *
 * @example
 * app.addHook("onRequest", async (request, reply) => { await migrateNodeRequest(migration, request.raw, reply.raw); });
 * await app.register(coatcheck(manager));
 */
export async function migrateNodeRequest(
  migration: RequestMigrator,
  request: IncomingMessage & { readonly originalUrl?: string },
  response: ServerResponse,
): Promise<MigrationResult> {
  const result = await migration.migrate(toHttpRequest(request));
  const { cookieHeader } = result;
  if (cookieHeader !== undefined) request.headers.cookie = cookieHeader;
  if (!result.isUnchanged) runBeforeHeaders(response, (headers) => result.applyTo(headers));
  return result;
}

function toHttpRequest(request: IncomingMessage & { readonly originalUrl?: string }): HttpRequest {
  return {
    method: request.method ?? "GET",
    url: request.originalUrl ?? request.url ?? "/",
    address: request.socket.remoteAddress,
    encrypted: "encrypted" in request.socket,
    header: (name) => {
      const value = request.headers[name];
      return typeof value === "object" ? value.join(", ") : value;
    },
  };
}

/** Calls `change` when the headers are sent, after the handler and `coatcheck()` have set theirs. */
function runBeforeHeaders(response: ServerResponse, change: (headers: ResponseHeaders) => void): void {
  const { writeHead } = response;
  response.writeHead = function (this: ServerResponse, status: number, reason?: unknown, fields?: unknown) {
    this.writeHead = writeHead;
    const headers = new NodeHeaders(this);
    if (typeof reason === "string") this.statusMessage = reason;
    headers.setFields(
      (typeof reason === "string" ? fields : (fields ?? reason)) as HeaderInput | null | undefined,
    );
    change(headers);
    return writeHead.call(this, status, headers.fields);
  };
}
