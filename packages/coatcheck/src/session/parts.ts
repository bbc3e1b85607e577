import type { Clock } from "./clock.ts";
import type { SessionEmitter } from "./events.ts";
import type { SessionPolicy } from "./policy.ts";
import type { SessionReader } from "./reader.ts";
import type { SessionRecord } from "./record.ts";
import type { DataSchema } from "./schema.ts";
import type { SessionStore } from "./store.ts";
import type { RandomSource, SecretRing } from "./token.ts";

/** A session and the only copy of its token; `token` goes to the holder and nowhere else. */
export interface Issued {
  readonly record: SessionRecord;
  readonly token: string;
}

/**
 * Joins what an anonymous visitor left with what the subject had in their newest other session, at login. `null`:
 * there is no other session. Its failure never fails the login; the visitor's data then stays as it is.
 */
export type MergeData<Data> = (visitor: Data, subject: Data | null) => Data | Promise<Data>;

/** What the writer works with. */
export interface WriterParts<Data> {
  readonly store: SessionStore;
  readonly reader: SessionReader;
  readonly ring: SecretRing;
  readonly policy: SessionPolicy;
  readonly schema: DataSchema<Data>;
  readonly events: SessionEmitter;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly merge: MergeData<Data> | null;
}
