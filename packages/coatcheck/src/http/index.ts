export {
  type Arrival,
  type Client,
  ClientAddress,
  type ForwardingHeaders,
  type TrustProxy,
} from "./client-address.ts";
export {
  Cookie,
  type CookieOptions,
  type CookieReader,
  type HostCookie,
  MAX_COOKIE_AGE,
  type PlainCookie,
  type SameSite,
  type SharedCookie,
} from "./cookie.ts";
export { HttpSessions } from "./core.ts";
export {
  CrossOriginProtection,
  type CrossOriginRequest,
  type CsrfSubject,
  CsrfTokens,
  isSafeMethod,
  type Signer,
} from "./csrf.ts";
export { type ErrorAnswer, errorAnswer, isOurs } from "./error-answer.ts";
export type { HttpRequest, ResponseHead } from "./message.ts";
export { openNodeSession } from "./node-message.ts";
export { type HeadGuard, holdHead, sendError } from "./node-response.ts";
export type {
  CsrfOptions,
  CsrfTokenPolicy,
  HttpOptions,
  LoadOptions,
  OutagePolicy,
  SiteData,
} from "./options.ts";
export { RequestSession } from "./request-session.ts";
export { attach, sessionOf } from "./session-of.ts";
