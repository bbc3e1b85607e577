import type { Clock, Schedule } from "./clock.ts";
import type { SessionEmitter } from "./events.ts";
import type { SessionPolicy } from "./policy.ts";
import type { SessionReader } from "./reader.ts";
import type { SessionRecord } from "./record.ts";
import type { DataSchema } from "./schema.ts";
import type { SessionStore } from "./store.ts";
import type { RandomSource, SecretRing } from "./token.ts";
import type { TokenRules } from "./token-rules.ts";
import type { SessionWatcher } from "./watcher.ts";

/** A session with its new token. The token is not stored anywhere: send it to the client, and never store or log it. */
export interface IssuedSession {
  readonly record: SessionRecord;
  readonly token: string;
}

/**
 * Merges an anonymous visitor's data with the data of the subject's newest other session, at login. `subject` is null
 * when there is no other session. If it throws, the login succeeds with the visitor's data unchanged.
 */
export type MergeData<Data> = (visitor: Data, subject: Data | null) => Data | Promise<Data>;

/** The dependencies that the writer, the resumer and the session handles share. */
export interface SessionDependencies<Data> {
  readonly store: SessionStore;
  readonly reader: SessionReader;
  readonly ring: SecretRing;
  readonly policy: SessionPolicy;
  readonly schema: DataSchema<Data>;
  readonly events: SessionEmitter;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly random: RandomSource;
  readonly tokens: TokenRules;
  readonly merge: MergeData<Data> | null;
  readonly watcher: SessionWatcher;
}
