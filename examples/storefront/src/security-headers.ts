import type { NextFunction, Request, Response } from "express";

/** The content security policy. Styles, pictures and the only script are loaded from this site. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "base-uri 'none'",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "img-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
].join("; ");

/** Adds the security headers to every response. */
export function setSecurityHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.set({
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-content-type-options": "nosniff",
  });
  next();
}
