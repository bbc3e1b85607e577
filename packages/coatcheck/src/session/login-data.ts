import type { JsonObject } from "./json.ts";
import type { WriterParts } from "./parts.ts";
import type { SessionRecord } from "./record.ts";

/** What a session's data becomes when somebody logs in. */
export class LoginData<Data> {
  readonly #parts: WriterParts<Data>;
  readonly #subject: string;
  #elsewhere: Promise<Data | null> | null = null;

  constructor(parts: WriterParts<Data>, subject: string) {
    this.#parts = parts;
    this.#subject = subject;
  }

  /** The visitor's data goes along into the login; another subject's never does. */
  async of(session: SessionRecord): Promise<Pick<SessionRecord, "data" | "dataVersion">> {
    const { schema } = this.#parts;
    const data = schema.read(session);
    if (data === null || (session.subject !== null && session.subject !== this.#subject)) {
      return { data: schema.initial(), dataVersion: schema.version };
    }
    // Not to be read here, so not to be joined either; a login never fails for it.
    if (schema.isAhead(session)) return { data: session.data, dataVersion: session.dataVersion };
    const dataVersion = schema.versionAfter(session);
    return { data: session.subject === null ? await this.joined(data) : (data as JsonObject), dataVersion };
  }

  /** The visitor's data joined with the subject's; as it is where there is nothing to join with, or that fails. */
  async joined(visitor: Data): Promise<JsonObject> {
    const { merge, schema, events } = this.#parts;
    if (merge) {
      try {
        return schema.check(await merge(visitor, await this.#ofSubject()));
      } catch (error) {
        events.tell("failed", { operation: "merge", error });
      }
    }
    return visitor as JsonObject;
  }

  /** Looked up once: the session that the limit then makes give way must not take the subject's data along. */
  #ofSubject(): Promise<Data | null> {
    this.#elsewhere ??= this.#newest();
    return this.#elsewhere;
  }

  async #newest(): Promise<Data | null> {
    const { store, schema, clock } = this.#parts;
    const filter = { subject: this.#subject, state: "active", liveAt: clock.now() } as const;
    const [record] = (await store.list(filter, { limit: 1 })).records;
    return record ? schema.read(record) : null;
  }
}
