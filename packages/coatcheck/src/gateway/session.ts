import { CoatcheckError } from "../session/errors.ts";
import type { SessionRecord } from "../session/record.ts";
import type { UpstreamState } from "./state.ts";

/**
 * The part of a session manager that {@link stateInSession} uses. `Data` is the type of the application's session data.
 */
export interface UpstreamSessionManager<Data extends object> {
  find(id: string): Promise<Pick<SessionRecord, "state" | "data"> | null>;
  update(id: string, change: (data: Data) => Data): Promise<unknown>;
}

/**
 * The default member of the session data for the upstream state. The service neither returns nor accepts members whose
 * names begin with `$`.
 */
export const UPSTREAM_MEMBER = "$upstream";

/** Thrown inside an update to abort it without writing, because the stored state is not the expected one. */
class UnexpectedState extends Error {}

/**
 * Stores a session's upstream credentials (cookies and CSRF token) in the session's data. All machines then share them,
 * and they become invalid when the session ends. A schema for the data must accept the member.
 *
 * @param member - the member of the session data. The application must neither change it nor return it to a client.
 * @returns a state whose `read` and `swap` throw `SESSION_NOT_FOUND`, `SESSION_REVOKED` and the errors of `manager`.
 */
export function stateInSession<Data extends object>(
  manager: UpstreamSessionManager<Data>,
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
      throw new CoatcheckError("SESSION_REVOKED", "The session has been revoked.");
    return stateIn(record.data);
  };
  const swap = async (expected: string | null, next: string) => {
    try {
      await manager.update(sessionId, (data) => {
        if (stateIn(data) !== expected) throw new UnexpectedState();
        return { ...data, [member]: next };
      });
      return next;
    } catch (error) {
      // The update may have started from a cached copy, so read the stored state from the primary store.
      if (error instanceof UnexpectedState) return await read();
      throw error;
    }
  };
  return { sessionId, read, swap };
}
