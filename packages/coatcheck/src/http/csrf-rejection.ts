import type { CoatcheckError } from "../session/errors.ts";
import type { SessionEvents } from "../session/events.ts";
import type { HttpRequest } from "./message.ts";
import { hostOf } from "./origin.ts";

/** Header values are shortened to this many characters in messages and events. */
const MAX_VALUE_LENGTH = 200;

/**
 * The advice for `Origin: null`. An application cannot add this origin to the trusted ones, because sandboxed frames of
 * every site send it too. It advises another site to set a different policy, because under `Referrer-Policy:
 * same-origin` the browser would still hide the origin of a cross-site request.
 */
const HIDDEN_ORIGIN_MESSAGE =
  "The browser hides the page's origin, because of a privacy setting such as Referrer-Policy: no-referrer or a " +
  "sandboxed frame. On a page of this site, set Referrer-Policy: same-origin; on a page of another site, set " +
  "Referrer-Policy: strict-origin, and add the page's origin to csrf.trustedOrigins.";

/**
 * Describes why the cross-origin check rejected a request, and which option would allow it. In production the message
 * has no details, because the host may be an internal name.
 *
 * @param host the host that the request was compared with.
 */
export function rejectionMessage(request: HttpRequest, host: string | null): string {
  const rejected = "Cross-origin request rejected";
  if (process.env.NODE_ENV === "production") return `${rejected}.`;
  const origin = shortenHeaderValue(request.header("origin"));
  const addressed = `the host is ${JSON.stringify(shortenHeaderValue(host ?? undefined))}`;
  const site = request.header("sec-fetch-site");
  if (origin === null)
    return `${rejected}: the browser reports ${JSON.stringify(`sec-fetch-site: ${site}`)}.`;
  const trust = `add ${JSON.stringify(origin)} to csrf.trustedOrigins`;
  const explanation = `${rejected}: the origin is ${JSON.stringify(origin)}, ${addressed}.`;
  if (origin === "null") return `${explanation} ${HIDDEN_ORIGIN_MESSAGE}`;
  if (site) return `${explanation} To allow it, ${trust}.`;
  const forwarded = request.header("x-forwarded-host") ?? request.header("forwarded");
  const proxy = forwarded?.includes(hostOf(origin) ?? "\n")
    ? "set trustProxy, because a proxy reports that host"
    : "make the proxy in front of the server keep the Host header, or send X-Forwarded-Host and set trustProxy";
  return `${explanation} If a proxy changed the host, ${proxy}. If the origin is another site's, ${trust}.`;
}

/** Creates the event for a request that a CSRF check rejected. */
export function rejectionEvent(
  request: HttpRequest,
  host: string | null,
  { code }: CoatcheckError,
): SessionEvents["request-rejected"][0] {
  const { method, url } = request;
  const [path = ""] = url.split("?", 1);
  const origin = shortenHeaderValue(request.header("origin"));
  return {
    code,
    method,
    path: path.slice(0, MAX_VALUE_LENGTH),
    origin,
    host: shortenHeaderValue(host ?? undefined),
  };
}

function shortenHeaderValue(value: string | undefined): string | null {
  return value === undefined ? null : value.slice(0, MAX_VALUE_LENGTH);
}
