import type { IncomingMessage, ServerResponse } from "node:http";
import { errorAnswer, isOurs } from "../http/error-answer.ts";
import type { HttpRequest, ResponseHead } from "../http/message.ts";
import { type HeadFields, NodeHead } from "../http/node-head.ts";
import { sendError } from "../http/node-response.ts";
import type { Gate, Passage } from "./passage.ts";

type Next = (error?: unknown) => void;
type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void;

/**
 * The migration for Express 5 and 4, and for any server of `node:http`; mount it before `coatcheck()`.
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
 * Takes a request to a Node server through the migration: from then on it carries the new token.
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
  const passage = await migration.pass(requestOf(request));
  const { cookieHeader } = passage;
  if (cookieHeader !== undefined) request.headers.cookie = cookieHeader;
  if (!passage.isSilent) beforeHead(response, (head) => passage.tell(head));
  return passage;
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

/** Makes a change when the headers leave, after whatever the handler and `coatcheck()` have set. */
function beforeHead(response: ServerResponse, change: (head: ResponseHead) => void): void {
  const { writeHead } = response;
  response.writeHead = function (this: ServerResponse, status: number, reason?: unknown, fields?: unknown) {
    this.writeHead = writeHead;
    const head = new NodeHead(this);
    if (typeof reason === "string") this.statusMessage = reason;
    head.stage((typeof reason === "string" ? fields : (fields ?? reason)) as HeadFields | null | undefined);
    change(head);
    return writeHead.call(this, status, head.staged);
  };
}
