import { isJsonObject, parseJson } from "./json.ts";
import type { LogPosition, RevocationScope } from "./store.ts";

/**
 * A message that tells other processes of a change, so that they notice it sooner. A hint can only make a process drop
 * cached copies. The staleness bound holds without hints, so they may be lost, duplicated or late.
 */
export type Hint =
  | { readonly kind: "revoked"; readonly scope: RevocationScope }
  /** Cached copies of the session with a lower version are out of date. */
  | { readonly kind: "written"; readonly session: string; readonly version: number }
  /**
   * Cached copies of the application's data under `key` are out of date. `position`: the position of the invalidation
   * in the revocation log; null if unknown.
   */
  | { readonly kind: "invalidated"; readonly key: string; readonly position: LogPosition | null };

/** Carries hints between processes. Any call may reject; callers then continue without hints. */
export interface HintChannel {
  publish(hint: Hint): Promise<void>;
  /** Calls `listener` with the hints of every process, including this one. Returns a function that unsubscribes. */
  subscribe(listener: (hint: Hint) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Parses a hint received as text; returns null when the text is not a valid hint. */
export function parseHint(text: string): Hint | null {
  const value = parseJson(text);
  if (!isJsonObject(value)) return null;
  if (value.kind === "written") {
    const { session, version } = value;
    return typeof session === "string" && typeof version === "number"
      ? { kind: "written", session, version }
      : null;
  }
  if (value.kind === "invalidated") {
    const { key, position } = value;
    const validPosition = typeof position === "number" ? position : null;
    return typeof key === "string" ? { kind: "invalidated", key, position: validPosition } : null;
  }
  const { kind, scope } = value;
  if (kind !== "revoked" || !isJsonObject(scope)) return null;
  if (typeof scope.session === "string") return { kind, scope: { session: scope.session } };
  if (typeof scope.subject === "string") return { kind, scope: { subject: scope.subject } };
  if (typeof scope.tenant === "string") return { kind, scope: { tenant: scope.tenant } };
  return scope.everyone === true ? { kind, scope: { everyone: true } } : null;
}
