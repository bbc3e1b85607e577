import type { SessionRecord } from "./record.ts";

/** What became of a session in the course of a request; the one thing that decides which headers leave. */
export type CommitState = "unchanged" | "touched" | "changed" | "rotated" | "revoked";

/** How a request ended for its session. */
export interface Commit {
  readonly state: CommitState;
  /** The token that the holder must be given; null when the one they hold stands, or none does. */
  readonly token: string | null;
  /** What the holder may be told of; null while nothing is stored, and once another request has replaced their token. */
  readonly record: SessionRecord | null;
}
