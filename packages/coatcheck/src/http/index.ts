/**
 * For authors of adapters: sessions over HTTP, independent of any framework.
 *
 * An adapter only translates between a framework and this module. For each request it:
 *
 * 1. opens a {@link RequestSession} for the framework's request and gives it to the handler;
 * 2. calls `checkCsrf` before the handler, which runs the CSRF checks;
 * 3. calls `commit` after the handler, before the response headers are sent. If `commit` throws, the adapter sends the
 *    response that `failed` returns;
 * 4. responds to a `CoatcheckError` with {@link errorResponse}.
 *
 * On top of `node:http`, {@link openNodeSession} does steps 1 and 3. To test an adapter, run `adapterContract` of
 * `coatcheck/testing` against it.
 *
 * @example
 * // An adapter for handlers of the fetch standard.
 * import type { SessionManager } from "coatcheck";
 * import {
 *   type ErrorResponse,
 *   errorResponse,
 *   type HttpOptions,
 *   HttpSessions,
 *   isCoatcheckError,
 *   DROPPED_ON_ERROR,
 *   type RequestSession,
 * } from "coatcheck/http";
 *
 * type Handler<Data> = (request: Request, session: RequestSession<Data>) => Promise<Response>;
 *
 * export function withSession<Data>(manager: SessionManager<Data>, options: HttpOptions, handler: Handler<Data>) {
 *   const sessions = new HttpSessions(manager, options);
 *   return async (request: Request, address?: string): Promise<Response> => {
 *     const { host, pathname, protocol } = new URL(request.url);
 *     const session = sessions.open({
 *       method: request.method,
 *       url: pathname,
 *       address,
 *       encrypted: protocol === "https:",
 *       header: (name) => request.headers.get(name) ?? (name === "host" ? host : undefined),
 *     });
 *     let response: Response;
 *     try {
 *       await session.checkCsrf(() => fieldsOf(request));
 *       response = await handler(request, session);
 *     } catch (error) {
 *       response = isCoatcheckError(error) ? toResponse(errorResponse(error)) : new Response(null, { status: 500 });
 *     }
 *     const headers = new Headers(response.headers);
 *     try {
 *       await session.commit(headers, response.status);
 *       return new Response(response.body, { status: response.status, headers });
 *     } catch (error) {
 *       for (const name of DROPPED_ON_ERROR) headers.delete(name);
 *       return toResponse(session.failed(error), headers);
 *     }
 *   };
 * }
 *
 * // The fields of a form; undefined for any other body.
 * async function fieldsOf(request: Request) {
 *   return await request.clone().formData().then((form) => Object.fromEntries(form), () => undefined);
 * }
 *
 * function toResponse(error: ErrorResponse, headers = new Headers()): Response {
 *   for (const [name, value] of Object.entries(error.headers)) headers.set(name, value);
 *   return new Response(error.body, { status: error.status, headers });
 * }
 *
 * @module
 */

export { type Client, ClientAddress, type ConnectionInfo, type TrustProxy } from "./client-address.ts";
export type { BindingRequest, ClientBinding } from "./client-binding.ts";
export type { CookieOptions } from "./cookie.ts";
export { DROPPED_ON_ERROR, type ErrorResponse, errorResponse, isCoatcheckError } from "./error-response.ts";
export { HttpSessions } from "./http-sessions.ts";
export type { JwtIdentity, JwtVerifier } from "./jwt-verifier.ts";
export type { HttpRequest, ResponseHeaders } from "./message.ts";
export { openNodeSession } from "./node/exchange.ts";
export { sendError } from "./node/hold-response.ts";
export type { CsrfOptions, CsrfTokenPolicy, HttpOptions, LoadOptions, OutagePolicy } from "./options.ts";
export { requireRecentProof } from "./recent-proof.ts";
export { RequestSession } from "./request-session.ts";
export { attachSession, sessionOf } from "./session-of.ts";
export type { PageView, RequestVisit, VisitCollector, VisitedSession, VisitRequest } from "./visits.ts";
