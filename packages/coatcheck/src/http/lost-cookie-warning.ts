import type { Client } from "./client-address.ts";
import type { Cookie } from "./cookie.ts";
import type { HttpRequest } from "./message.ts";

/** Hosts from which Chromium and Firefox accept a Secure cookie over http. */
const LOCAL_HOST_PATTERN = /^(localhost|[^:]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/** A proxy that adds one of these headers may have rewritten the host and the protocol. */
const FORWARDING_HEADERS = ["x-forwarded-proto", "x-forwarded-host", "forwarded"];

let hasWarned = false;

/**
 * Warns once per process, outside production, if browsers will reject the session cookie of this response, because
 * every login would then be lost without an error. Does not warn behind a proxy with forwarding headers, trusted or
 * not.
 */
export function warnOfLostCookie(cookie: Cookie, request: HttpRequest, client: Client): void {
  if (hasWarned || process.env.NODE_ENV === "production" || client.host === null) return;
  if (FORWARDING_HEADERS.some((name) => request.header(name) !== undefined)) return;
  const reason = cookieLossReason(cookie, client.host, client.protocol);
  if (reason === null) return;
  hasWarned = true;
  const message = `Browsers do not keep the session cookie from ${client.protocol}://${client.host}: ${reason}.`;
  process.emitWarning(message, { code: "COATCHECK_LOST_COOKIE" });
}

function cookieLossReason(cookie: Cookie, host: string, protocol: Client["protocol"]): string | null {
  if (cookie.domain !== undefined && !isHostWithinDomain(host, cookie.domain)) {
    return `its domain is ${cookie.domain}; use that host, or omit the option cookie.domain on this one`;
  }
  if (!cookie.secure || protocol === "https" || LOCAL_HOST_PATTERN.test(host)) return null;
  return 'it is Secure; set cookie: { secure: false } for plain http, or let the https proxy send "X-Forwarded-Proto"';
}

/** Whether a host, with or without port, equals the domain or is a subdomain of it (RFC 6265 §5.1.3). */
function isHostWithinDomain(host: string, domain: string): boolean {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  return name === domain.toLowerCase() || name.endsWith(`.${domain.toLowerCase()}`);
}
