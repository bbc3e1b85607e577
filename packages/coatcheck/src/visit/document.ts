import type { ClientKind } from "./event.ts";

/** The parts of a request that visits read. */
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
 * Whether a request is for a document that will be shown now. Browsers say it in `Sec-Fetch-Dest`. Without that header, a
 * person's browser accepts `text/html`; other clients are counted whatever they accept.
 *
 * @param kindOf judges the client. Called only without `Sec-Fetch-Dest`.
 */
export function isDocumentRequest(request: VisitedRequest, kindOf: () => ClientKind): boolean {
  if (request.method !== "GET") return false;
  const destination = request.header("sec-fetch-dest");
  if (destination !== undefined) return destination === "document" && !isPrefetch(request);
  if (request.header("x-requested-with") !== undefined || isPrefetch(request)) return false;
  return (request.header("accept")?.includes("text/html") ?? false) || kindOf() !== "human";
}

/** Whether a response to a document request is a page that was shown. */
export function isPage(status: number, contentType: string | null): boolean {
  return status >= 200 && status < 300 && (contentType?.toLowerCase().startsWith("text/html") ?? false);
}

/** Longest path that is kept. */
const MAX_PATH_LENGTH = 1024;

/** The path of an address, without query and fragment. */
export function pathOf(url: string): string {
  const [query, fragment] = [url.indexOf("?"), url.indexOf("#")];
  let end = query === -1 ? url.length : query;
  if (fragment !== -1 && fragment < end) end = fragment;
  return url.slice(0, Math.min(end, MAX_PATH_LENGTH)) || "/";
}

/** A host without its port, in lower case. */
export function bareHost(host: string | null): string | null {
  return host === null ? null : host.toLowerCase().replace(/:\d{1,5}$/, "");
}

/** `Sec-Purpose` is the standard header; Safari sends `Purpose`, older Firefox `X-Moz`. */
function isPrefetch(request: VisitedRequest): boolean {
  const purpose = request.header("sec-purpose") ?? request.header("purpose") ?? request.header("x-moz");
  return purpose?.startsWith("prefetch") ?? false;
}
