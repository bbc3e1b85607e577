/**
 * A decision of the client:
 *
 * - `token-updated`, `token-unchanged`, `token-refused` (it was empty): a CSRF token. Detail: where it came from.
 * - `view-applied`, `view-ignored` (it was older than the shown one). Detail: `tab` if another tab received it, else `page`.
 * - `refused`: the server refused a request. `retry`: the client repeats it. Detail: the error code.
 * - `origin-refused`: the client takes nothing from a response, because it came from an untrusted origin, or from another one
 *   than the request named. Detail: the origin.
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

/** Receives a decision of the client. The detail names a source, an origin or an error code, never a token. */
export type Debug = (event: DebugEvent, detail: string) => void;
