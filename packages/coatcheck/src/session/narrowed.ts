import type { JsonObject } from "./json.ts";
import type { SessionRecord } from "./record.ts";
import type { Session } from "./session.ts";

/**
 * A session that is stored. Guards of routes return this type. `record` becomes null if the handler revokes the
 * session.
 */
export type StoredSession<Data = JsonObject> = Session<Data> & { readonly record: SessionRecord };

/**
 * A session that is logged in. Guards of routes return this type. `subject` becomes null if the handler revokes the
 * session.
 */
export type AuthenticatedSession<Data = JsonObject> = StoredSession<Data> & {
  readonly type: "authenticated";
  readonly subject: string;
};
