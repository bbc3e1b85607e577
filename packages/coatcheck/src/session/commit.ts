import type { SessionRecord } from "./record.ts";

/**
 * The change that a request made to its session. Adapters derive the `Set-Cookie` header from this and nothing else.
 */
export type CommitState = "unchanged" | "touched" | "changed" | "rotated" | "revoked";

/** `superseded`: the handle has written with an older token; the newer one belongs to another client. */
export type HandleState = CommitState | "superseded";

/** The result of committing a session at the end of a request. */
export interface Commit {
  readonly state: CommitState;
  /** The new token to send to the client; null when the client keeps its present token, or must not get one. */
  readonly token: string | null;
  /** The record that the client may see; null when nothing is stored, and when another request has replaced the token. */
  readonly record: SessionRecord | null;
}

const UNCHANGED: Commit = { state: "unchanged", token: null, record: null };

/**
 * The commit of a handle in this state.
 *
 * @param withheld the successor's token, when the response must not carry it; null or false when it may.
 */
export function commitOf(
  state: HandleState,
  token: string | null,
  record: SessionRecord | null,
  withheld: string | null | false,
): Commit {
  if (state === "revoked") return { state, token: null, record: null };
  if (record === null) return UNCHANGED;
  if (state === "superseded") return { state: "changed", token: null, record: null };
  return token !== null && token === withheld
    ? { state: "touched", token: null, record }
    : { state, token, record };
}
