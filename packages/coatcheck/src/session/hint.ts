import { isJsonObject, parseJson } from "./json.ts";
import type { RevocationScope } from "./store.ts";

/**
 * What one process tells the others, for speed alone. Hints only ever make copies be dropped, so they may be lost,
 * doubled or late, and the bound holds without them.
 */
export type Hint =
  | { readonly kind: "revoked"; readonly scope: RevocationScope }
  /** Copies below `version` are out of date. */
  | { readonly kind: "written"; readonly session: string; readonly version: number };

/** Carries hints between processes. Every call may reject; callers go on without. */
export interface HintChannel {
  publish(hint: Hint): Promise<void>;
  /** Calls `listener` with the hints of all processes, this one's too. The result ends it. */
  subscribe(listener: (hint: Hint) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** A hint out of text from outside; null when it is none. */
export function parseHint(text: string): Hint | null {
  const value = parseJson(text);
  if (!isJsonObject(value)) return null;
  if (value.kind === "written") {
    const { session, version } = value;
    return typeof session === "string" && typeof version === "number"
      ? { kind: "written", session, version }
      : null;
  }
  const { kind, scope } = value;
  if (kind !== "revoked" || !isJsonObject(scope)) return null;
  if (typeof scope.session === "string") return { kind, scope: { session: scope.session } };
  if (typeof scope.subject === "string") return { kind, scope: { subject: scope.subject } };
  if (typeof scope.tenant === "string") return { kind, scope: { tenant: scope.tenant } };
  return scope.everyone === true ? { kind, scope: { everyone: true } } : null;
}
