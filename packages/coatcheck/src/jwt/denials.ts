import type { SessionCache } from "../cache/cache.ts";
import { defineContext, loader } from "../context/index.ts";
import type { Clock } from "../session/clock.ts";
import { CoatcheckError, storeUnavailableError } from "../session/errors.ts";
import type { SessionManager } from "../session/manager.ts";

/** The parts of a session manager that denials use. */
type Manager = Pick<SessionManager<never>, "createDerived" | "findDerived" | "revoke">;

/**
 * Remembers denied JWTs by their `jti`, in the store and on every node.
 *
 * A denial is stored as a tombstone: a session that is revoked as soon as it is created. Its id is derived from the
 * `jti`. A node reads the store when it receives a JWT for the first time. It caches the result like an entity of a
 * context, so that a later denial on another node invalidates the cached result through the revocation log.
 */
export class Denials {
  readonly #manager: Manager;
  readonly #context: ReturnType<typeof createDenialContext>;

  /** @param ttl the longest validity of a JWT, in milliseconds. */
  constructor(
    manager: Manager,
    { cache, clock, ttl }: { cache: Pick<SessionCache, "invalidations">; clock: Clock; ttl: number },
  ) {
    this.#manager = manager;
    this.#context = createDenialContext(manager, { cache, clock, ttl });
  }

  /** Whether a JWT was denied. Throws `STORE_UNAVAILABLE`. */
  async has(jti: string): Promise<boolean> {
    try {
      const found = await this.#context.of({ subject: jti, tenant: null, data: {} }).jwt();
      return found?.isDenied === true;
    } catch (error) {
      const cause = error instanceof CoatcheckError ? error.cause : error;
      throw storeUnavailableError(cause);
    }
  }

  /** Denies a JWT for `remaining` milliseconds. Throws `STORE_UNAVAILABLE`. */
  async add(jti: string, remaining: number): Promise<void> {
    const { record } = await this.#manager.createDerived(denialKey(jti), {
      owner: "jwt:denied",
      client: null,
      absoluteTimeout: remaining,
    });
    await this.#manager.revoke({ session: record.id }, "logout");
    await this.#context.invalidate("jwt", jti);
  }
}

function createDenialContext(
  manager: Manager,
  { cache, clock, ttl }: { cache: Pick<SessionCache, "invalidations">; clock: Clock; ttl: number },
) {
  const jwt = loader({
    reference: ({ subject }) => subject,
    load: async (jti: string) => ({ isDenied: (await manager.findDerived(denialKey(jti))) !== null }),
    ttl,
  });
  return defineContext({ jwt }, { cache, clock, local: { maxEntries: 100_000 } });
}

function denialKey(jti: string): string {
  return `denied-jwt:${jti}`;
}
