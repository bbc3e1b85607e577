import {
  type Clock,
  CoatcheckError,
  isLive,
  isSessionId,
  type Page,
  type RevokeReason,
  type SessionFilter,
  type SessionManager,
  type SessionRecord,
} from "coatcheck";
import type { Caller } from "./caller.ts";
import type { Principal } from "./credentials.ts";

/** Returns the owner for the sessions that this principal creates. */
export function ownerOf(principal: Principal): string {
  return principal.kind === "admin" ? "consumer:admin" : `consumer:${principal.name}`;
}

/**
 * Whether the caller may read, change and end this session by its id. The admin owns every session, and an API consumer
 * owns the sessions that it created. The holder of a token owns the token's session and the child sessions of that
 * session. For example, a browser owns its order sessions, but a client with the token of one order session owns only
 * that order session.
 */
export function owns({ principal, session }: Caller, record: SessionRecord): boolean {
  if (principal?.kind === "admin") return true;
  if (principal !== null && record.owner === ownerOf(principal)) return true;
  return session.record !== null && (record.id === session.id || record.owner === `browser:${session.id}`);
}

/** Finds and ends sessions by id, if the caller owns them. */
export class OwnedSessions {
  readonly #manager: SessionManager;
  readonly #clock: Clock;

  constructor(manager: SessionManager, clock: Clock) {
    this.#manager = manager;
    this.#clock = clock;
  }

  /**
   * Returns the live session with this id. The error is the same for a missing session, an ended session and a session
   * of another owner, so that the response does not reveal which ids exist.
   *
   * @throws CoatcheckError `SESSION_NOT_FOUND`, `STORE_UNAVAILABLE`.
   */
  async findLive(caller: Caller, id: string): Promise<SessionRecord> {
    const record = await this.#find(caller, id);
    if (!isLive(record, this.#clock.now())) throw sessionNotFound(id);
    return record;
  }

  /** Like {@link findLive}. For the admin, it returns ended sessions too, until they are deleted. */
  async findLiveOrEnded(caller: Caller, id: string): Promise<SessionRecord> {
    return caller.principal?.kind === "admin"
      ? await this.#find(caller, id)
      : await this.findLive(caller, id);
  }

  async #find(caller: Caller, id: string): Promise<SessionRecord> {
    if (caller.principal === null && caller.session.record === null) throw sessionNotFound(id);
    const record = await this.#manager.find(id);
    if (record === null || !owns(caller, record)) throw sessionNotFound(id);
    return record;
  }

  /** Yields the live sessions that match the filter, newest first. */
  async *findMatching(filter: SessionFilter): AsyncGenerator<SessionRecord> {
    let cursor: string | null = null;
    do {
      const page: Page = await this.#manager.list(
        { ...filter, state: "active", liveAt: this.#clock.now() },
        { limit: 100, ...(cursor === null ? {} : { cursor }) },
      );
      yield* page.records;
      cursor = page.next;
    } while (cursor !== null);
  }

  /**
   * Checks that the parent of a new session is still live, and otherwise ends the new session. If the parent ended
   * while the child was being created, the end of the parent did not end the child. This process may not know of that
   * end, because it may have read an older copy of the parent from its cache.
   *
   * @throws CoatcheckError `SESSION_REVOKED`, `STORE_UNAVAILABLE`.
   */
  async requireLiveParent({ id, parentId }: SessionRecord): Promise<void> {
    if (parentId === null) return;
    const parent = await this.#manager.find(parentId);
    if (parent !== null && isLive(parent, this.#clock.now())) return;
    await this.#manager.revoke({ session: id });
    throw new CoatcheckError("SESSION_REVOKED", "The parent session has ended; log in again.");
  }

  /** Ends a session and its child sessions. Returns the number of ended sessions. */
  async end(id: string, reason: RevokeReason): Promise<number> {
    return (await this.#manager.revoke({ session: id }, reason)) + (await this.endChildren(id, reason));
  }

  /** Ends the child sessions of a session. Returns the number of ended sessions. */
  async endChildren(id: string, reason: RevokeReason): Promise<number> {
    let count = 0;
    for await (const child of this.findMatching({ parentId: id })) count += await this.end(child.id, reason);
    return count;
  }
}

/** Returns the revocation reason to store. A caller without a key ends its own session, which is a logout. */
export function revokeReasonOf({ principal }: Caller): RevokeReason {
  if (principal === null) return "logout";
  return principal.kind === "admin" ? "admin" : "revoked";
}

/** Creates the error for a session that does not exist for the caller. Don't echo malformed ids; they may be tokens. */
export function sessionNotFound(id: string): CoatcheckError {
  return new CoatcheckError(
    "SESSION_NOT_FOUND",
    `Session not found: ${isSessionId(id) ? id : "malformed id"}`,
  );
}

/**
 * Rejects every caller but the admin.
 *
 * @throws CoatcheckError `FORBIDDEN`, or `SESSION_REQUIRED` without any credential.
 */
export function requireAdmin(caller: Caller): void {
  if (caller.principal?.kind !== "admin") throw forbiddenError(caller, "This request needs the admin token.");
}

/**
 * Returns the admin or API consumer that sent the request.
 *
 * @throws CoatcheckError `FORBIDDEN`, or `SESSION_REQUIRED` without any credential.
 */
export function requirePrincipal(caller: Caller): Principal {
  if (caller.principal === null)
    throw forbiddenError(caller, "This request needs an API key or the admin token.");
  return caller.principal;
}

function forbiddenError({ principal, session }: Caller, message: string): CoatcheckError {
  const isUnknown = principal === null && session.record === null;
  return new CoatcheckError(isUnknown ? "SESSION_REQUIRED" : "FORBIDDEN", message);
}
