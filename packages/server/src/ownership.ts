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

/** The owner of what this principal makes. */
export function ownerOf(principal: Principal): string {
  return principal.kind === "admin" ? "consumer:admin" : `consumer:${principal.name}`;
}

/**
 * Whether the caller may see, change and end this session by its id. An admin may with every session, a consumer with
 * those it made. The holder of a token may with the session that the token opens and with those made under it: a
 * browser's order sessions are its own, and whoever was given the token of one order session has that one alone.
 */
export function owns({ principal, session }: Caller, record: SessionRecord): boolean {
  if (principal?.kind === "admin") return true;
  if (principal !== null && record.owner === ownerOf(principal)) return true;
  return session.record !== null && (record.id === session.id || record.owner === `browser:${session.id}`);
}

/** Finds sessions by id for those who own them. */
export class OwnedSessions {
  readonly #manager: SessionManager;
  readonly #clock: Clock;

  constructor(manager: SessionManager, clock: Clock) {
    this.#manager = manager;
    this.#clock = clock;
  }

  /**
   * The live session of this id. Another owner's answers like one that is missing or has ended: nobody learns from
   * the answer which ids exist.
   *
   * @throws CoatcheckError `SESSION_NOT_FOUND`, `STORE_UNAVAILABLE`.
   */
  async live(caller: Caller, id: string): Promise<SessionRecord> {
    const record = await this.#find(caller, id);
    if (!isLive(record, this.#clock.now())) throw notFound(id);
    return record;
  }

  /** As {@link live}; an admin finds also sessions that have ended, until they are swept. */
  async recorded(caller: Caller, id: string): Promise<SessionRecord> {
    return caller.principal?.kind === "admin" ? await this.#find(caller, id) : await this.live(caller, id);
  }

  async #find(caller: Caller, id: string): Promise<SessionRecord> {
    if (caller.principal === null && caller.session.record === null) throw notFound(id);
    const record = await this.#manager.find(id);
    if (record === null || !owns(caller, record)) throw notFound(id);
    return record;
  }

  /** The live sessions that match, newest first. */
  async *matching(filter: SessionFilter): AsyncGenerator<SessionRecord> {
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
   * Checks that the session which a new one stands inside is still live, and ends the new one otherwise: whoever ended
   * the outer one could not see it yet, and a cache here may have held the outer one's copy a moment longer.
   *
   * @throws CoatcheckError `SESSION_REVOKED`, `STORE_UNAVAILABLE`.
   */
  async confirmInside({ id, parentId }: SessionRecord): Promise<void> {
    if (parentId === null) return;
    const parent = await this.#manager.find(parentId);
    if (parent !== null && isLive(parent, this.#clock.now())) return;
    await this.#manager.revoke({ session: id });
    throw new CoatcheckError("SESSION_REVOKED", "The session was ended; log in again.");
  }

  /** Ends a session and those inside it; returns how many there were. */
  async end(id: string, reason: RevokeReason): Promise<number> {
    return (await this.#manager.revoke({ session: id }, reason)) + (await this.endWithin(id, reason));
  }

  /** Ends the sessions inside a session; returns how many there were. */
  async endWithin(id: string, reason: RevokeReason): Promise<number> {
    let count = 0;
    for await (const inner of this.matching({ parentId: id })) count += await this.end(inner.id, reason);
    return count;
  }
}

/** What is told of why a session ended: who holds it has logged out. */
export function reasonOf({ principal }: Caller): RevokeReason {
  if (principal === null) return "logout";
  return principal.kind === "admin" ? "admin" : "revoked";
}

/** What is no id is not repeated: it may be a token that somebody put into the URL. */
export function notFound(id: string): CoatcheckError {
  return new CoatcheckError(
    "SESSION_NOT_FOUND",
    `Session not found: ${isSessionId(id) ? id : "this is no session id"}`,
  );
}

/** @throws CoatcheckError `FORBIDDEN`, or `SESSION_REQUIRED` without any credential. */
export function requireAdmin(caller: Caller): void {
  if (caller.principal?.kind !== "admin") throw forbidden(caller, "This needs the admin token.");
}

/** The admin or API consumer. Throws `FORBIDDEN`, or `SESSION_REQUIRED` without any credential. */
export function requirePrincipal(caller: Caller): Principal {
  if (caller.principal === null) throw forbidden(caller, "This needs an API key or the admin token.");
  return caller.principal;
}

function forbidden({ principal, session }: Caller, message: string): CoatcheckError {
  const isNobody = principal === null && session.record === null;
  return new CoatcheckError(isNobody ? "SESSION_REQUIRED" : "FORBIDDEN", message);
}
