import {
  type KnownOptions,
  requireKnownNestedOptions,
  requireKnownOptions,
  requireList,
} from "../session/known-options.ts";
import type { CsrfNames } from "./csrf.ts";
import type { Revalidate, SessionClientOptions } from "./options.ts";
import type { LogoutOptions } from "./session-client.ts";

const CLIENT_OPTIONS = {
  baseUrl: true,
  csrf: true,
  revalidate: true,
  allowOrigins: true,
  initialState: true,
  timeout: "timer",
  debug: true,
  onSubjectChange: "function",
  transport: "function",
  scope: true,
  clock: true,
} satisfies KnownOptions<SessionClientOptions>;

const CSRF_NAMES = { cookie: true, header: true } satisfies KnownOptions<CsrfNames>;

const REVALIDATE_OPTIONS = {
  staleTime: "interval",
  minGap: "interval",
  focus: "boolean",
  reconnect: "boolean",
  crossTab: "boolean",
} satisfies KnownOptions<Revalidate>;

const LOGOUT_OPTIONS = { everywhere: "boolean", optimistic: "boolean" } satisfies KnownOptions<LogoutOptions>;

/**
 * Rejects unknown options of `createSessionClient`, and values of the wrong type. Called in development only, so
 * production builds omit this code.
 */
export function requireClientOptions(options: SessionClientOptions): void {
  const input = "options of createSessionClient";
  requireKnownOptions(input, options, CLIENT_OPTIONS);
  if (options.allowOrigins !== undefined) requireList(input, "allowOrigins", options.allowOrigins);
  requireKnownNestedOptions(input, options, "csrf", CSRF_NAMES);
  requireKnownNestedOptions(input, options, "revalidate", REVALIDATE_OPTIONS);
}

/**
 * Rejects unknown options of `logout`, because a misspelt `everywhere` would leave the other devices logged in.
 * Development only.
 */
export function requireLogoutOptions(options: LogoutOptions): void {
  requireKnownOptions("options of logout", options, LOGOUT_OPTIONS);
}
