/**
 * A decision of the client:
 *
 * - `token-updated`, `token-unchanged`, `token-refused` (the token was empty): a CSRF token. Detail: its source.
 * - `view-applied`, `view-ignored` (the view was older than the current one). Detail: `tab` if another tab received it,
 * else `page`.
 * - `refused`: the server refused a request. `retry`: the client repeats it. Detail: the error code.
 * - `origin-refused`: the client ignores a response from an untrusted origin, or from another origin than that of the
 * request. Detail: the origin.
 */
export type DebugEvent =
  | "token-updated"
  | "token-unchanged"
  | "token-refused"
  | "view-applied"
  | "view-ignored"
  | "refused"
  | "retry"
  | "origin-refused";

/** Receives a decision of the client. The detail is a source, an origin or an error code, never a token. */
export type Debug = (event: DebugEvent, detail: string) => void;
