import { CoatcheckError } from "../session/errors.ts";
import type { JsonObject } from "../session/json.ts";
import type { SessionRecord } from "../session/record.ts";
import type { UpstreamState } from "./state.ts";

/** The part of a session manager that {@link stateInSession} uses. */
export interface SessionKeeper {
  find(id: string): Promise<Pick<SessionRecord, "state" | "data"> | null>;
  update(id: string, change: (data: JsonObject) => JsonObject): Promise<Pick<SessionRecord, "data">>;
}

/** Ends an update without a write: what is stored is not what was expected. */
class Outrun extends Error {
  readonly stored: string | null;

  constructor(stored: string | null) {
    super("The stored state is another.");
    this.stored = stored;
  }
}

/**
 * Keeps a session's standing at the upstream in the session's own data, so that it is shared, expires and is revoked
 * with it. A data schema must let the member through.
 *
 * @param member - the member of the data; the application leaves it alone, and shows it to nobody.
 * @throws CoatcheckError from reading and swapping: `SESSION_NOT_FOUND`, `SESSION_REVOKED`, and what `manager` throws.
 */
export function stateInSession(
  manager: SessionKeeper,
  sessionId: string,
  member = "upstream",
): UpstreamState {
  const stateIn = (data: JsonObject) => {
    const value = data[member];
    return typeof value === "string" ? value : null;
  };
  return {
    sessionId,
    async read() {
      const record = await manager.find(sessionId);
      if (!record) throw new CoatcheckError("SESSION_NOT_FOUND", `Session not found: ${sessionId}`);
      if (record.state !== "active")
        throw new CoatcheckError("SESSION_REVOKED", "This session has been ended.");
      return stateIn(record.data);
    },
    async swap(expected, next) {
      try {
        await manager.update(sessionId, (data) => {
          const stored = stateIn(data);
          if (stored !== expected) throw new Outrun(stored);
          return { ...data, [member]: next };
        });
        return next;
      } catch (error) {
        if (error instanceof Outrun) return error.stored;
        throw error;
      }
    },
  };
}
