import type { HttpRequest } from "./message.ts";

/**
 * Whether a browser fetches a page in advance, before the user opens it. `Sec-Purpose` is the standard header; Safari
 * sends `Purpose`, older Firefox `X-Moz`.
 */
export function isPrefetch(request: HttpRequest): boolean {
  const purpose = request.header("sec-purpose") ?? request.header("purpose") ?? request.header("x-moz");
  return purpose?.startsWith("prefetch") ?? false;
}
