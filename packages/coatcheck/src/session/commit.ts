import type { SessionRecord } from "./record.ts";

/** The change that a request made to its session. Adapters use only this value to decide on the `Set-Cookie` header. */
export type CommitState = "unchanged" | "touched" | "changed" | "rotated" | "revoked";

/** `superseded`: the handle has written with an older token. Another request has received the newer token. */
export type HandleState = CommitState | "superseded";

/** The result of committing a session at the end of a request. */
export interface Commit {
  readonly state: CommitState;
  /**
   * The new token to send to the client. Null when the client keeps its present token, or must not receive a new token.
   */
  readonly token: string | null;
  /** The record to show to the client. Null when nothing is stored, and when another request has replaced the token. */
  readonly record: SessionRecord | null;
}

const UNCHANGED_COMMIT: Commit = { state: "unchanged", token: null, record: null };

/**
 * Returns the commit for the state of a handle.
 *
 * @param tokenToWithhold a token that the response must not send. Set if the request has several session cookies and a
 *   newer token has replaced its token: `tokenToWithhold` is then that newer token. Null or false when every token may
 *   be sent.
 */
export function createCommit(
  state: HandleState,
  token: string | null,
  record: SessionRecord | null,
  tokenToWithhold: string | null | false,
): Commit {
  if (state === "revoked") return { state, token: null, record: null };
  if (record === null) return UNCHANGED_COMMIT;
  if (state === "superseded") return { state: "changed", token: null, record: null };
  return token !== null && token === tokenToWithhold
    ? { state: "touched", token: null, record }
    : { state, token, record };
}
