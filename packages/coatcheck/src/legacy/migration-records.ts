import type { DerivedSession } from "../session/derived.ts";
import type { SessionManager } from "../session/manager.ts";
import { touchThreshold } from "../session/policy.ts";
import type { SessionRecord } from "../session/record.ts";
import type { CreateOptions } from "../session/transitions.ts";

/**
 * The user that a legacy session belongs to, as options for the new session. Without `subject` the new session is
 * anonymous.
 */
export interface MigratedUser<Data> extends CreateOptions {
  readonly data?: Data;
}

/**
 * The state of a legacy session that has been migrated.
 *
 * - `open`: the new session is active, and a browser with the legacy cookie may receive its token.
 * - `already-used`: a browser already uses the token of the new session, so the legacy cookie is no longer accepted.
 * - `ended`: the new session was revoked or has expired.
 */
export type MigrationRecord =
  | { readonly state: "open"; readonly record: SessionRecord; readonly token: string }
  | { readonly state: "already-used" }
  | { readonly state: "ended" };

/** Creates exactly one session for each legacy session, even for concurrent requests on several nodes. */
export class MigrationRecords<Data> {
  readonly #manager: SessionManager<Data>;

  constructor(manager: SessionManager<Data>) {
    this.#manager = manager;
  }

  /** Returns the state of the legacy session `key`; null when it has not been migrated. */
  async find(key: string): Promise<MigrationRecord | null> {
    const derived = await this.#manager.findDerived(key);
    return derived && toMigrationRecord(derived);
  }

  /**
   * Creates the session. If another request has created it first, returns the state of that session.
   *
   * @throws CoatcheckError `CONFLICT` when the subject has reached its session limit; `VALIDATION_FAILED` and
   *   `PAYLOAD_TOO_LARGE` for invalid fields of `user`.
   */
  async create(key: string, user: MigratedUser<Data>): Promise<MigrationRecord> {
    return toMigrationRecord(await this.#manager.createDerived(key, user));
  }
}

function toMigrationRecord({ record, isLive, token }: DerivedSession): MigrationRecord {
  if (!isLive) return { state: "ended" };
  return token === null || isInUse(record) ? { state: "already-used" } : { state: "open", record, token };
}

/**
 * Whether a browser has used the new token. Until then, the response with the token may have been lost, so a request
 * with the legacy cookie receives the token again.
 */
function isInUse({ createdAt, lastSeenAt, idleTimeout }: SessionRecord): boolean {
  return lastSeenAt >= createdAt + touchThreshold(idleTimeout);
}
