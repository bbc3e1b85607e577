import { CachedSession } from "./cached-session.ts";
import type { SessionDependencies } from "./dependencies.ts";
import type { PrivilegeWriter } from "./privileges.ts";
import { meansSessionEnded } from "./token-errors.ts";
import type { PresentedToken } from "./token-rules.ts";

/**
 * Records the first use of a session's present token, unless it is recorded already. The first use shows that the
 * client has received the token, so older tokens can become invalid. If the store does not respond, they stay valid for
 * longer, which does no harm.
 *
 * @returns the newest session. Check the token again: a login, step-up or revocation may have changed the session since
 *   `cached` was read.
 */
export async function recordFirstUse<Data>(
  cached: CachedSession,
  presented: PresentedToken,
  { tokens, reader, events }: SessionDependencies<Data>,
  privileges: PrivilegeWriter<Data>,
): Promise<CachedSession> {
  if (!tokens.awaitsFirstUse(cached.record)) return cached;
  try {
    const record = await privileges.recordFirstUse(cached.record, presented);
    const used = new CachedSession({ record, position: cached.position });
    used.inheritActivity(cached);
    return used;
  } catch (error) {
    if (meansSessionEnded(error))
      return (await reader.read(cached.record.id, { fresh: true })).cached ?? cached;
    events.publish("failed", { operation: "confirm", error });
    return cached;
  }
}
