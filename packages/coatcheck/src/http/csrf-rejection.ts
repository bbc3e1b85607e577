import type { CoatcheckError } from "../session/errors.ts";
import type { SessionEvents } from "../session/events.ts";
import type { HttpRequest } from "./message.ts";
import { hostOf } from "./origin.ts";

/** Characters of a header's value in a message or an event. */
const MAX_LENGTH = 200;

/**
 * Says why the cross-origin check rejected a request, and which option would allow it. In production the message names
 * neither: behind a proxy the host may be an internal name.
 *
 * @param host the host that the request was compared with.
 */
export function rejectionMessage(request: HttpRequest, host: string | null): string {
  const rejected = "Cross-origin request rejected";
  if (process.env.NODE_ENV === "production") return `${rejected}.`;
  const origin = shortened(request.header("origin"));
  const addressed = `the host is ${JSON.stringify(shortened(host ?? undefined))}`;
  const site = request.header("sec-fetch-site");
  if (origin === null)
    return `${rejected}: the browser reports ${JSON.stringify(`sec-fetch-site: ${site}`)}.`;
  const trust = `add ${JSON.stringify(origin)} to csrf.trustedOrigins`;
  const found = `${rejected}: the origin is ${JSON.stringify(origin)}, ${addressed}.`;
  if (site) return `${found} To allow it, ${trust}.`;
  const forwarded = request.header("x-forwarded-host") ?? request.header("forwarded");
  const proxy = forwarded?.includes(hostOf(origin) ?? "\n")
    ? "set trustProxy, because a proxy reports that host"
    : "make the proxy in front of the server keep the Host header, or send X-Forwarded-Host and set trustProxy";
  return `${found} If a proxy changed the host, ${proxy}. If the origin is another site's, ${trust}.`;
}

/** The event for a request that the CSRF checks rejected. */
export function rejectionEvent(
  request: HttpRequest,
  host: string | null,
  { code }: CoatcheckError,
): SessionEvents["request-rejected"][0] {
  const { method, url } = request;
  const [path = ""] = url.split("?", 1);
  const origin = shortened(request.header("origin"));
  return { code, method, path: path.slice(0, MAX_LENGTH), origin, host: shortened(host ?? undefined) };
}

function shortened(value: string | undefined): string | null {
  return value === undefined ? null : value.slice(0, MAX_LENGTH);
}
