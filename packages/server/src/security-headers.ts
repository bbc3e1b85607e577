import helmet from "@fastify/helmet";
import type { App } from "./fastify-app.ts";
import type { SecureCookie } from "./proxy-options.ts";
import { usesSecureCookie } from "./request-sessions.ts";

/**
 * The Content-Security-Policy of JSON responses, which forbids loading anything. `connect-src` lets developers call
 * `fetch` in the browser's console.
 */
const DATA_POLICY =
  "default-src 'none'; base-uri 'none'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'";

/** The Content-Security-Policy of pages: scripts and styles only from files of this origin. */
const PAGE_POLICY = [
  "default-src 'none'",
  "base-uri 'none'",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "manifest-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
].join("; ");

/** One year, in seconds. */
const HSTS_HEADER = "max-age=31536000; includeSubDomains";

/** Adds the security headers to every response. A route's own `Content-Security-Policy` takes precedence. */
export async function registerSecurityHeaders(app: App, secureCookie: SecureCookie): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: false,
    strictTransportSecurity: false,
    xFrameOptions: { action: "deny" },
  });
  app.addHook("onRequest", async (request, reply) => {
    if (usesSecureCookie(request, secureCookie)) reply.header("strict-transport-security", HSTS_HEADER);
  });
  app.addHook("onSend", async (_request, reply) => {
    // Skip a 304: it has no content type, and its headers would replace the headers of the cached page.
    if (reply.hasHeader("content-security-policy") || reply.statusCode === 304) return;
    const isPage = String(reply.getHeader("content-type") ?? "").startsWith("text/html");
    reply.header("content-security-policy", isPage ? PAGE_POLICY : DATA_POLICY);
  });
}
