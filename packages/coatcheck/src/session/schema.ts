import type { StandardSchemaV1 } from "@standard-schema/spec";
import { CoatcheckError, type Fault } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { requireJsonObject } from "./patch.ts";
import type { SessionRecord } from "./record.ts";

/** Brings data of one schema version to the next. */
export type Migration = (data: JsonObject) => JsonObject;

/** What the application keeps in a session, and how it got there. */
export interface DataOptions<Data> {
  /** Zod, Valibot, ArkType, or any other Standard Schema; it must answer synchronously. */
  readonly schema?: StandardSchemaV1<unknown, Data>;
  /**
   * The present version; 1 unless given. A manager that is given neither version nor schema takes data of every version
   * as it is, and leaves it at that version.
   */
  readonly version?: number;
  /** `migrations[n]` brings version n to n + 1. Runs when an older session is read; written with its next change. */
  readonly migrations?: Readonly<Record<number, Migration>>;
  /** A new session's data; `{}` unless given. */
  readonly initial?: () => Data;
  /**
   * What to do with a stored session whose data cannot be brought to the present version: `reset` gives it new data
   * and nobody is logged out; `end` treats the session as expired. The event `failed` says why.
   *
   * Unless given, data of an older version is reset. Data of a newer one, which the processes of an earlier deployment
   * meet while the next is rolled out, is kept: it reads as new data, and a change of it throws `CONFLICT`.
   */
  readonly onUnreadable?: "reset" | "end";
}

/** Types, checks and migrates `data`: the only place where JSON becomes the application's type. */
export class DataSchema<Data> {
  /** The version of what is written here; of a session that is there already, ask {@link versionAfter}. */
  readonly version: number;
  readonly #isDeclared: boolean;
  readonly #options: DataOptions<Data>;
  readonly #limit: number;
  readonly #onFailure: (error: unknown) => void;
  readonly #migrated = new WeakMap<SessionRecord, Data | null>();

  /**
   * @param onFailure told why a stored session could not be migrated.
   * @throws CoatcheckError `VALIDATION_FAILED` when a new session's data would not do: better now than in each request.
   */
  constructor(options: DataOptions<Data>, limit: number, onFailure: (error: unknown) => void = () => {}) {
    this.version = options.version ?? 1;
    this.#isDeclared = options.version !== undefined || options.schema !== undefined;
    this.#options = options;
    this.#limit = limit;
    this.#onFailure = onFailure;
    this.initial();
  }

  /** A new session's data. */
  initial(): JsonObject {
    return this.check(this.#options.initial?.() ?? {});
  }

  /**
   * Checks what is to be stored against schema and size.
   *
   * @throws CoatcheckError `VALIDATION_FAILED` with a path per fault; `PAYLOAD_TOO_LARGE`.
   */
  check(value: unknown): JsonObject {
    const data = requireJsonObject(value, "data", this.#limit);
    const { schema } = this.#options;
    if (!schema) return data;
    const result = schema["~standard"].validate(data);
    if (result instanceof Promise)
      throw new TypeError("The schema of session data must validate synchronously.");
    if (result.issues) {
      const faults = result.issues.map(({ path, message }): Fault => ({ path: pathOf(path), message }));
      throw new CoatcheckError("VALIDATION_FAILED", "The session's data does not fit its schema.", {
        faults,
      });
    }
    return requireJsonObject(result.value, "data", this.#limit);
  }

  /** The record's data as the application's type, migrated if it is older; null when it cannot be read and must end. */
  read(record: SessionRecord): Data | null {
    if (record.dataVersion === this.version || !this.#isDeclared) return record.data as Data;
    let data = this.#migrated.get(record);
    if (data === undefined) {
      data = this.#migrate(record) as Data | null;
      this.#migrated.set(record, data);
    }
    return data;
  }

  /** The version that a session's data is of once this process has written it. */
  versionAfter(record: SessionRecord): number {
    return this.#isDeclared ? this.version : record.dataVersion;
  }

  /** Whether the data is for a later deployment to read, and not for this process to write. */
  isAhead(record: SessionRecord): boolean {
    return this.#isDeclared && record.dataVersion > this.version && this.#options.onUnreadable === undefined;
  }

  #migrate(record: SessionRecord): JsonObject | null {
    try {
      let data = record.data;
      for (let version = record.dataVersion; version !== this.version; version++) {
        const migration = this.#options.migrations?.[version];
        if (!migration) throw new Error(`There is no migration from data version ${version}.`);
        data = migration(data);
      }
      return this.check(data);
    } catch (error) {
      if (!this.isAhead(record)) this.#onFailure(error);
      return this.#options.onUnreadable === "end" ? null : this.initial();
    }
  }
}

function pathOf(path: StandardSchemaV1.Issue["path"]): string {
  const names = (path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment));
  return ["data", ...names].join(".");
}
