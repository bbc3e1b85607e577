import type { SessionRecord } from "./record.ts";

/** What a request did to its session. Adapters derive the `Set-Cookie` header from this and nothing else. */
export type CommitState = "unchanged" | "touched" | "changed" | "rotated" | "revoked";

/** The result of committing a session at the end of a request. */
export interface Commit {
  readonly state: CommitState;
  /** The new token to send to the client; null when the client keeps its present token, or must not get one. */
  readonly token: string | null;
  /** The record that the client may see; null when nothing is stored, and when another request has replaced the token. */
  readonly record: SessionRecord | null;
}
