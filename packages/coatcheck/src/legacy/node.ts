import type { IncomingMessage, ServerResponse } from "node:http";
import { errorAnswer, isOurs } from "../http/error-answer.ts";
import type { HttpRequest, ResponseHead } from "../http/message.ts";
import { type HeadFields, NodeHead } from "../http/node-head.ts";
import { sendError } from "../http/node-response.ts";
import type { Gate, Passage } from "./passage.ts";

type Next = (error?: unknown) => void;
type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void;

/**
 * Middleware that runs the migration in Express 5 and 4, and in any server of `node:http`. Mount it before
 * `coatcheck()`.
 *
 * @example
 * app.use(legacySessions(migration));
 * app.use(coatcheck(manager));
 */
export function legacySessions(migration: Gate): Middleware {
  return (request, response, next) => {
    passNode(migration, request, response).then(
      () => next(),
      (error) => (isOurs(error) ? sendError(response, errorAnswer(error)) : next(error)),
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
 * app.addHook("onRequest", async (request, reply) => { await passNode(migration, request.raw, reply.raw); });
 * await app.register(coatcheck(manager));
 */
export async function passNode(
  migration: Gate,
  request: IncomingMessage & { readonly originalUrl?: string },
  response: ServerResponse,
): Promise<Passage> {
  const result = await migration.pass(requestOf(request));
  const { cookieHeader } = result;
  if (cookieHeader !== undefined) request.headers.cookie = cookieHeader;
  if (!result.isSilent) beforeHeaders(response, (headers) => result.tell(headers));
  return result;
}

function requestOf(request: IncomingMessage & { readonly originalUrl?: string }): HttpRequest {
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
function beforeHeaders(response: ServerResponse, change: (headers: ResponseHead) => void): void {
  const { writeHead } = response;
  response.writeHead = function (this: ServerResponse, status: number, reason?: unknown, fields?: unknown) {
    this.writeHead = writeHead;
    const headers = new NodeHead(this);
    if (typeof reason === "string") this.statusMessage = reason;
    headers.stage(
      (typeof reason === "string" ? fields : (fields ?? reason)) as HeadFields | null | undefined,
    );
    change(headers);
    return writeHead.call(this, status, headers.staged);
  };
}
