import type { ServerResponse } from "node:http";
import type { HttpOptions } from "../../http/options.ts";
import type { RequestSession } from "../../http/request-session.ts";
import type { JsonValue } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";

/** What the suite keeps in a session. */
export interface SuiteData {
  [name: string]: JsonValue | undefined;
}

/** One request as a route of the suite sees it, whatever the framework. */
export interface Exchange {
  readonly session: RequestSession<SuiteData>;
  /** Answers in the framework's own way. Absent body: none. */
  reply(status: number, headers: Readonly<Record<string, string>>, body?: string): unknown;
  /** Answers with a stream of chunks, in the framework's own way. */
  stream(chunks: Iterable<string>): unknown;
  /** The response of `node:http` underneath, for frameworks that have one; the framework must then stay out of it. */
  raw?(): ServerResponse;
}

/** A route of the suite: an optional guard of the adapter, then a handler. Answers every method. */
export interface Route {
  readonly guard?: "session" | "subject" | { readonly elevated: string };
  handle(exchange: Exchange): unknown;
}

/** Paths to routes. */
export type Routes = Readonly<Record<`/${string}`, Route>>;

/** A server under test. */
export interface AdapterServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts a server with the adapter mounted before `routes`, on a free port of 127.0.0.1. Errors of this library that a
 * handler throws must be answered in its envelope, any other error with 500.
 */
export type StartAdapter = (
  manager: SessionManager<SuiteData>,
  options: HttpOptions,
  routes: Routes,
) => Promise<AdapterServer>;
