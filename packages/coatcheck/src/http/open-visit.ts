import type { HttpRequest } from "./message.ts";
import type { HttpContext } from "./resolved.ts";
import type { RequestVisit } from "./visits.ts";

/** Opens the visit of a request; null unless visits are collected. */
export function openVisit(
  { options, cookie, clientAddress }: Pick<HttpContext<never>, "options" | "cookie" | "clientAddress">,
  request: HttpRequest,
): RequestVisit | null {
  if (options.visits === undefined) return null;
  return options.visits.open({
    request,
    secure: cookie.secure,
    // Most requests are for no document, and need no address.
    get client() {
      return clientAddress.resolve(request);
    },
  });
}
