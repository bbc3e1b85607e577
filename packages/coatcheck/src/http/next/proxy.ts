import { type NextRequest, NextResponse } from "next/server.js";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import type { ResponseHeaders } from "../message.ts";
import type { OpenSessions, ProcessSessions } from "./process-sessions.ts";
import { fetchRequest } from "./request.ts";

/** What the proxy knows about the session of a request. */
export interface ProxySession {
  /**
   * Whether the request has a session cookie of this application. The session may have ended: use it to redirect to the
   * login page early, never to grant access.
   */
  readonly hasToken: boolean;
  /**
   * The subject of the login, read from the store or its caches; null without a login, and if `check` is not `session`.
   */
  readonly subject: string | null;
}

/** Options of `sessionProxy()`. */
export interface ProxyOptions {
  /**
   * `token` checks only the signature in the cookie, without reading the session. `session` opens the session, performs
   * a due rotation, and passes the result to the page in a signed request header, for logs. Default: `token`.
   */
  readonly check?: "token" | "session";
  /** Returns the response of the proxy, such as a redirect to the login page; undefined to continue with the page. */
  readonly respond?: (request: NextRequest, session: ProxySession) => MaybePromise<Response | undefined>;
}

/** The request header with the proxy's result. Pages verify its signature, and never grant access because of it. */
export const PROXY_HEADER = "x-coatcheck-session";

const PROXY_SIGNING_PURPOSE = "next-proxy";
/** Milliseconds. The header is written and read within one request. */
const MAX_HEADER_AGE = 60_000;

/** Implements `sessionProxy`. */
export function sessionProxy<Data>(sessions: ProcessSessions<Data>, options: ProxyOptions = {}) {
  return async (request: NextRequest): Promise<Response> => {
    const { pageSessions } = await sessions.get();
    const headers = new Headers(request.headers);
    // Remove the header of the client, which may be forged.
    headers.delete(PROXY_HEADER);
    const hasToken = pageSessions.cookie
      .read(request.headers.get("cookie") ?? undefined)
      .some((token) => pageSessions.manager.ring.hasValidSeal(token));
    if (options.check !== "session") {
      const answer = await options.respond?.(request, { hasToken, subject: null });
      return answer ?? NextResponse.next({ request: { headers } });
    }
    const session = pageSessions.open(fetchRequest(request));
    const { id, subject } = await session.load();
    const set = new ProxyResponseHeaders();
    await session.commit(set);
    headers.set(PROXY_HEADER, createProxyHeader(pageSessions, { id, subject, at: Date.now() }));
    const answer = await options.respond?.(request, { hasToken, subject });
    return set.addTo(answer ?? NextResponse.next({ request: { headers } }));
  };
}

/** Collects the cookies for the proxy's response. Next.js passes them to the page of the same request. */
class ProxyResponseHeaders implements ResponseHeaders {
  readonly #headers = new Headers();

  get(name: string): string | null {
    return this.#headers.get(name);
  }

  /** Does nothing, because the page sets the caching headers. */
  set(): void {}

  append(name: string, value: string): void {
    if (name === "set-cookie") this.#headers.append(name, value);
  }

  addTo(response: Response): Response {
    const cookies = this.#headers.getSetCookie();
    if (cookies.length === 0) return response;
    const changed = new NextResponse(response.body, response);
    for (const value of cookies) changed.headers.append("set-cookie", value);
    return changed;
  }
}

interface ProxyResult {
  readonly id: string;
  readonly subject: string | null;
  readonly at: number;
}

/** Returns the signed header with which the proxy passes its result to the page. */
function createProxyHeader<Data>(
  { manager }: OpenSessions<Data>["pageSessions"],
  result: ProxyResult,
): string {
  const text = Buffer.from(JSON.stringify(result)).toString("base64url");
  return `${text}.${manager.ring.sign(PROXY_SIGNING_PURPOSE, text)}`;
}

/** Returns the proxy's result from the request header; null if the header is absent, forged or too old. */
export function readProxyHeader<Data>(
  { manager }: OpenSessions<Data>["pageSessions"],
  value: string | null,
): { readonly id: string; readonly subject: string | null } | null {
  const [text = "", signature = ""] = value?.split(".", 2) ?? [];
  if (!manager.ring.verify(PROXY_SIGNING_PURPOSE, text, signature)) return null;
  const { id, subject, at } = JSON.parse(Buffer.from(text, "base64url").toString()) as ProxyResult;
  return Math.abs(Date.now() - at) <= MAX_HEADER_AGE ? { id, subject } : null;
}
