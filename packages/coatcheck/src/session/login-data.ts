import type { SessionDependencies } from "./dependencies.ts";
import type { JsonObject } from "./json.ts";
import type { SessionRecord } from "./record.ts";

/** Sessions to read in search of the newest one that is no impersonation. */
const NEWEST = 10;

/** Determines a session's data at the login of one subject. */
export class LoginData<Data> {
  readonly #deps: SessionDependencies<Data>;
  readonly #subject: string;
  #subjectData: Promise<Data | null> | null = null;

  constructor(deps: SessionDependencies<Data>, subject: string) {
    this.#deps = deps;
    this.#subject = subject;
  }

  /** The data after the login: the visitor's own, merged; fresh data when the session belonged to another subject. */
  async forRecord(session: SessionRecord): Promise<Pick<SessionRecord, "data" | "dataVersion">> {
    const { schema } = this.#deps;
    const data = schema.read(session);
    if (data === null || (session.subject !== null && session.subject !== this.#subject)) {
      return { data: schema.initial(), dataVersion: schema.version };
    }
    // Data of a newer deployment cannot be read here, so it is not merged. The login succeeds with it unchanged.
    if (schema.isNewer(session)) return { data: session.data, dataVersion: session.dataVersion };
    const dataVersion = schema.versionOnWrite(session);
    return { data: session.subject === null ? await this.merged(data) : (data as JsonObject), dataVersion };
  }

  /** The visitor's data merged with the subject's; unchanged when no merge is configured or the merge fails. */
  async merged(visitor: Data): Promise<JsonObject> {
    const { merge, schema, events } = this.#deps;
    if (merge) {
      try {
        return schema.check(await merge(visitor, await this.#loadSubjectData()));
      } catch (error) {
        events.publish("failed", { operation: "merge", error });
      }
    }
    return visitor as JsonObject;
  }

  /** Reads once, before the session limit can evict the session that holds the subject's data. */
  #loadSubjectData(): Promise<Data | null> {
    this.#subjectData ??= this.#readNewest();
    return this.#subjectData;
  }

  async #readNewest(): Promise<Data | null> {
    const { store, schema, clock } = this.#deps;
    const filter = { subject: this.#subject, state: "active", liveAt: clock.now() } as const;
    const { records } = await store.list(filter, { limit: NEWEST });
    // What an administrator did for the subject is not the subject's own.
    const record = records.find(({ actor }) => actor === null);
    return record ? schema.read(record) : null;
  }
}
