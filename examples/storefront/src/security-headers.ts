import type { NextFunction, Request, Response } from "express";

/** Styles, pictures and the one script come from this site. */
const POLICY = [
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
export function securityHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.set({
    "content-security-policy": POLICY,
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-content-type-options": "nosniff",
  });
  next();
}
