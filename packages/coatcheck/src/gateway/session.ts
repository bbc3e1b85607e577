import { CoatcheckError } from "../session/errors.ts";
import type { SessionRecord } from "../session/record.ts";
import type { UpstreamState } from "./state.ts";

/** The part of a session manager that {@link stateInSession} uses; `Data` is the application's. */
export interface SessionKeeper<Data extends object> {
  find(id: string): Promise<Pick<SessionRecord, "state" | "data"> | null>;
  update(id: string, change: (data: Data) => Data): Promise<unknown>;
}

/** Where it is kept unless said otherwise; the service shows no member that begins with `$`, and takes none. */
export const UPSTREAM_MEMBER = "$upstream";

/** Ends an update without a write: what is stored is not what was expected. */
class Outrun extends Error {}

/**
 * Keeps a session's standing at the upstream in the session's own data, so that it is shared, expires and is revoked
 * with it. A data schema must let the member through.
 *
 * @param member - the member of the data; the application leaves it alone, and shows it to nobody.
 * @throws CoatcheckError from reading and swapping: `SESSION_NOT_FOUND`, `SESSION_REVOKED`, and what `manager` throws.
 */
export function stateInSession<Data extends object>(
  manager: SessionKeeper<Data>,
  sessionId: string,
  member = UPSTREAM_MEMBER,
): UpstreamState {
  const stateIn = (data: object) => {
    const value: unknown = Reflect.get(data, member);
    return typeof value === "string" ? value : null;
  };
  const read = async () => {
    const record = await manager.find(sessionId);
    if (!record) throw new CoatcheckError("SESSION_NOT_FOUND", `Session not found: ${sessionId}`);
    if (record.state !== "active")
      throw new CoatcheckError("SESSION_REVOKED", "This session has been ended.");
    return stateIn(record.data);
  };
  const swap = async (expected: string | null, next: string) => {
    try {
      await manager.update(sessionId, (data) => {
        if (stateIn(data) !== expected) throw new Outrun();
        return { ...data, [member]: next };
      });
      return next;
    } catch (error) {
      // An update may begin with a copy from a cache; what is really stored, only a primary read tells.
      if (error instanceof Outrun) return await read();
      throw error;
    }
  };
  return { sessionId, read, swap };
}
