import type { Client } from "./client-address.ts";
import type { HttpRequest } from "./message.ts";

/** Hosts from which Chromium and Firefox keep a Secure cookie over http. */
const LOCAL_HOST = /^(localhost|[^:]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

let hasWarned = false;

/**
 * Warns once per process, outside production, that browsers will not keep the Secure cookie of this response: every login
 * would be lost without an error. Silent behind a proxy that reports a protocol, whether or not it is trusted.
 */
export function warnOfPlainHttp(request: HttpRequest, client: Client): void {
  if (hasWarned || client.protocol === "https" || process.env.NODE_ENV === "production") return;
  if (client.host === null || LOCAL_HOST.test(client.host)) return;
  if (request.header("x-forwarded-proto") !== undefined || request.header("forwarded") !== undefined) return;
  hasWarned = true;
  const advice =
    'set cookie: { secure: false } for plain http, or let the https proxy send "X-Forwarded-Proto"';
  const message = `Browsers do not keep the session cookie, which is Secure, from http://${client.host}: ${advice}.`;
  process.emitWarning(message, { code: "COATCHECK_PLAIN_HTTP" });
}
