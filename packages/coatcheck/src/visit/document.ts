import type { ClientKind } from "./event.ts";

/** The parts of a request that visit tracking reads. */
export interface VisitedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Returns the value of a header by its lower-case name. */
  header(name: string): string | undefined;
}

/** The client of a request, as reported by the trusted proxies. */
export interface VisitedClient {
  readonly address: string | null;
  readonly host: string | null;
}

/**
 * Returns whether a request is for a document that will be displayed now. Browsers state it in `Sec-Fetch-Dest`.
 * Without that header, the request of a person's browser must accept `text/html`. Requests of all other clients are
 * treated as documents.
 *
 * @param kindOf classifies the client. Called only if the request has no `Sec-Fetch-Dest`.
 */
export function isDocumentRequest(request: VisitedRequest, kindOf: () => ClientKind): boolean {
  if (request.method !== "GET") return false;
  const destination = request.header("sec-fetch-dest");
  if (destination !== undefined) return destination === "document" && !isPrefetch(request);
  if (request.header("x-requested-with") !== undefined || isPrefetch(request)) return false;
  return (request.header("accept")?.includes("text/html") ?? false) || kindOf() !== "human";
}

/** Returns whether the response to a document request is a page that the browser displays. */
export function isPage(status: number, contentType: string | null): boolean {
  return status >= 200 && status < 300 && (contentType?.toLowerCase().startsWith("text/html") ?? false);
}

/** Longest path that is stored, in characters. */
const MAX_PATH_LENGTH = 1024;

/** Returns the path of an address, without query and fragment. */
export function pathOf(url: string): string {
  const [query, fragment] = [url.indexOf("?"), url.indexOf("#")];
  let end = query === -1 ? url.length : query;
  if (fragment !== -1 && fragment < end) end = fragment;
  return url.slice(0, Math.min(end, MAX_PATH_LENGTH)) || "/";
}

/** Returns a host without its port, in lower case. */
export function bareHost(host: string | null): string | null {
  return host === null ? null : host.toLowerCase().replace(/:\d{1,5}$/, "");
}

/** `Sec-Purpose` is the standard header; Safari sends `Purpose`, older Firefox `X-Moz`. */
function isPrefetch(request: VisitedRequest): boolean {
  const purpose = request.header("sec-purpose") ?? request.header("purpose") ?? request.header("x-moz");
  return purpose?.startsWith("prefetch") ?? false;
}
