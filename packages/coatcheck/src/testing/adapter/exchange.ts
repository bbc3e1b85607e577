import type { ServerResponse } from "node:http";
import type { HttpOptions } from "../../http/options.ts";
import type { RequestSession } from "../../http/request-session.ts";
import type { JsonValue } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";

/** The data that the suite stores in a session. */
export interface AdapterSuiteData {
  [name: string]: JsonValue | undefined;
}

/** A request and its response, as a route of the suite sees them, for any framework. */
export interface Exchange {
  readonly session: RequestSession<AdapterSuiteData>;
  /** Responds through the framework's API. Without `body`, the response has no body. */
  reply(status: number, headers: Readonly<Record<string, string>>, body?: string): unknown;
  /** Responds with a stream of chunks, through the framework's API. */
  stream(chunks: Iterable<string>): unknown;
  /**
   * Returns the underlying `node:http` response, if there is one. The framework must not use the response afterwards.
   */
  raw?(): ServerResponse;
}

/** A route of the suite: an optional guard of the adapter, then a handler. Serves every method. */
export interface Route {
  readonly guard?: "session" | "subject" | { readonly elevated: string };
  handle(exchange: Exchange): unknown;
}

/** Routes by path. */
export type Routes = Readonly<Record<`/${string}`, Route>>;

/** A server under test. */
export interface AdapterServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts a server with the adapter mounted before `routes`, on a free port of 127.0.0.1. If the framework has a form
 * parser, the parser must run before the adapter checks the CSRF token. For a `CoatcheckError` that a handler throws,
 * the response must be that error as JSON; for any other error, its status must be 500.
 */
export type StartAdapter = (
  manager: SessionManager<AdapterSuiteData>,
  options: HttpOptions,
  routes: Routes,
) => Promise<AdapterServer>;
