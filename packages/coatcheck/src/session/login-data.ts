import type { SessionDependencies } from "./dependencies.ts";
import type { JsonObject } from "./json.ts";
import type { SessionRecord } from "./record.ts";

/** Number of the subject's sessions to read. The newest of them that is not an impersonation is merged. */
const MAX_SESSIONS_READ = 10;

/** Computes the data of a session at the login of a subject. */
export class LoginData<Data> {
  readonly #deps: SessionDependencies<Data>;
  readonly #subject: string;
  #subjectData: Promise<Data | null> | null = null;

  constructor(deps: SessionDependencies<Data>, subject: string) {
    this.#deps = deps;
    this.#subject = subject;
  }

  /**
   * Returns the data after the login: the anonymous visitor's data, merged with the subject's. Returns initial data
   * when the session belonged to another subject.
   */
  async dataAfterLogin(session: SessionRecord): Promise<Pick<SessionRecord, "data" | "dataVersion">> {
    const { schema } = this.#deps;
    const data = schema.read(session);
    if (data === null || (session.subject !== null && session.subject !== this.#subject)) {
      return { data: schema.initialData(), dataVersion: schema.version };
    }
    // This process cannot read data that a newer deployment wrote. It keeps the data unchanged, without a merge.
    if (schema.isNewer(session)) return { data: session.data, dataVersion: session.dataVersion };
    const dataVersion = schema.versionOnWrite(session);
    return { data: session.subject === null ? await this.merge(data) : (data as JsonObject), dataVersion };
  }

  /**
   * Returns the visitor's data, merged with the subject's. Returns it unchanged when no merge is configured or the
   * merge fails.
   */
  async merge(visitor: Data): Promise<JsonObject> {
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

  /** Reads the subject's data once, before the session limit can revoke the session that contains it. */
  #loadSubjectData(): Promise<Data | null> {
    this.#subjectData ??= this.#readNewest();
    return this.#subjectData;
  }

  async #readNewest(): Promise<Data | null> {
    const { store, schema, clock } = this.#deps;
    const filter = { subject: this.#subject, state: "active", liveAt: clock.now() } as const;
    const { records } = await store.list(filter, { limit: MAX_SESSIONS_READ });
    // Skip impersonations: their data comes from the administrator, not from the subject.
    const record = records.find(({ actor }) => actor === null);
    return record ? schema.read(record) : null;
  }
}
