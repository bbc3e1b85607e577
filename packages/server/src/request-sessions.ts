import type { SessionManager } from "coatcheck";
import { describeClient } from "coatcheck/device";
import { attachSession, type HttpOptions, HttpSessions, openNodeSession } from "coatcheck/http";
import type { FastifyBaseLogger, FastifyRequest } from "fastify";
import type { ClientDescriber } from "./client-describer.ts";
import type { App } from "./fastify-app.ts";
import type { SecureCookie, TrustedProxies } from "./proxy-options.ts";

/** Options of {@link registerSessions}. */
export interface RequestSessionsOptions {
  readonly manager: SessionManager;
  readonly log: FastifyBaseLogger;
  readonly trustProxy: TrustedProxies;
  readonly secureCookie: SecureCookie;
  readonly describeClient?: ClientDescriber;
  readonly serverTiming?: boolean;
}

/** Gives each request its session and runs the CSRF checks. */
export function registerSessions(app: App, options: RequestSessionsOptions): void {
  const { manager, log, trustProxy, secureCookie } = options;
  const describe = options.describeClient ?? describeClient;
  const shared: HttpOptions = {
    trustProxy: trustProxy ?? false,
    serverTiming: options.serverTiming ?? false,
    newSession: (client, request) => ({ client: describe(client, request.header("user-agent")) }),
    onCommitFailure: (error) => log.error({ err: error }, "session commit failed"),
  };
  const secure = new HttpSessions(manager, shared);
  const plain = new HttpSessions(manager, { ...shared, cookie: { secure: false } });
  if (trustProxy === null) warnAboutProxy(app, log);
  app.decorateRequest<unknown>(SESSION_PROPERTY, null);
  app.addHook("onRequest", async (request, reply) => {
    const sessions = usesSecureCookie(request, secureCookie) ? secure : plain;
    await attachSession(request, openNodeSession(sessions, request.raw, reply.raw)).checkCsrf();
  });
}

/**
 * Name of the request property that contains the session. Typed as `string`, so that code must use `sessionOf` to read
 * the property.
 */
const SESSION_PROPERTY: string = "session";

/** Whether the client uses https. If so, the response sets a Secure cookie and sends HSTS. */
export function usesSecureCookie({ headers }: FastifyRequest, secureCookie: SecureCookie): boolean {
  if (secureCookie !== "by-host") return secureCookie;
  return !isLoopbackHost(headers.host ?? "") || namesHttps(headers);
}

/** Whether a `Host` header contains a loopback name or address. */
export function isLoopbackHost(host: string): boolean {
  return /^(localhost|[\w.-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host);
}

/** Whether a proxy header names https. A client can forge the headers, but then only its own cookie becomes Secure. */
function namesHttps(headers: FastifyRequest["headers"]): boolean {
  return (
    /\bhttps\b/i.test(String(headers["x-forwarded-proto"] ?? "")) ||
    /\bproto="?https\b/i.test(headers.forwarded ?? "")
  );
}

const FORWARDING_HEADERS = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];

/** Warns once, at the first request with a forwarding header. */
function warnAboutProxy(app: App, log: FastifyBaseLogger): void {
  let hasWarned = false;
  app.addHook("onRequest", async ({ headers }) => {
    if (hasWarned) return;
    const header = FORWARDING_HEADERS.find((name) => headers[name] !== undefined);
    if (header === undefined) return;
    hasWarned = true;
    log.warn(
      { header },
      "Requests come through a proxy, but TRUST_PROXY is not set: every client appears to have the proxy's address. Set TRUST_PROXY to the number of proxies, such as 1, or to their addresses; or to false if there is no proxy.",
    );
  });
}
