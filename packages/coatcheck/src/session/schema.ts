import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type Fault, invalidInputError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { measureSize, rememberSize, sizeOf } from "./json-size.ts";
import { type KnownOptions, requireKnownOptions, requireMethod, requireOneOf } from "./known-options.ts";
import { requireJsonObject, requireSize } from "./patch.ts";
import type { SessionRecord } from "./record.ts";
import { describeValue, usageError } from "./usage-error.ts";
import { warnOnce } from "./warn-once.ts";

/** Converts data of one schema version to the next. Must not change its argument. */
export type Migration = (data: JsonObject) => JsonObject;

/** The type, schema and migrations of the application's session data. */
export interface DataOptions<Data> {
  /** Zod, Valibot, ArkType, or any other Standard Schema. It must validate synchronously. */
  readonly schema?: StandardSchemaV1<unknown, Data>;
  /**
   * The present version of the data. Default: 1. A manager with neither version nor schema reads data of every version,
   * and changes neither the data nor its version.
   */
  readonly version?: number;
  /**
   * `migrations[n]` converts data of version n to version n + 1. Migrations run when older data is read. The next
   * change of the session stores the result, or the initial data if a migration has failed. There must be a migration
   * for each earlier version, unless `onUnreadable` is set.
   */
  readonly migrations?: Readonly<Record<number, Migration>>;
  /** Returns a new session's data. Default: `{}`. */
  readonly initial?: () => Data;
  /**
   * What to do with a stored session whose data cannot be converted to the present version. `reset` replaces the data
   * and keeps the login. `end` treats the session as expired. The event `failed` contains the reason.
   *
   * Default: older data is reset. Newer data stays stored: during a rolling update, an older deployment reads initial
   * data in its place, and a change throws `CONFLICT`. If this option is set, it also applies to newer data.
   */
  readonly onUnreadable?: "reset" | "end";
}

const DATA_OPTIONS = {
  schema: true,
  version: "number",
  migrations: true,
  initial: "function",
  onUnreadable: true,
} satisfies KnownOptions<DataOptions<unknown>>;

/** Validates and migrates session data. All conversions from JSON to the application's type happen here. */
export class DataSchema<Data> {
  /** The data version of new sessions. For an existing session, use {@link versionOnWrite}. */
  readonly version: number;
  readonly #hasVersionOrSchema: boolean;
  readonly #options: DataOptions<Data>;
  readonly #limit: number;
  readonly #onFailure: (error: unknown) => void;
  readonly #migrated = new WeakMap<SessionRecord, Data | null>();

  /**
   * Validates the initial data at once, so that a mistake is found at start-up and not during a request.
   *
   * @param limit the maximum size of the data, in bytes of JSON.
   * @param onFailure receives the error when a stored session cannot be migrated.
   * @throws UsageError for an unknown option; CoatcheckError `VALIDATION_FAILED`, `PAYLOAD_TOO_LARGE` for the initial
   *   data.
   */
  constructor(options: DataOptions<Data>, limit: number, onFailure: (error: unknown) => void = () => {}) {
    requireKnownOptions("session data options", options, DATA_OPTIONS);
    requireOneOf("session data options", "onUnreadable", options.onUnreadable, ["reset", "end"]);
    const { schema } = options;
    if (schema !== undefined) {
      requireMethod("session data options", "schema", schema?.["~standard"], {
        method: "validate",
        what: "a Standard Schema",
      });
    }
    this.version = options.version ?? 1;
    requireMigrations(this.version, options);
    this.#hasVersionOrSchema = options.version !== undefined || options.schema !== undefined;
    this.#options = options;
    this.#limit = limit;
    this.#onFailure = onFailure;
    this.initialData();
  }

  /** Returns the data of a new session. */
  initialData(): JsonObject {
    return this.check(this.#options.initial?.() ?? {});
  }

  /**
   * Validates data before it is stored, and returns a copy.
   *
   * @throws CoatcheckError `VALIDATION_FAILED` with a path for each fault; `PAYLOAD_TOO_LARGE`.
   * @throws TypeError when the schema validates asynchronously.
   */
  check(value: unknown): JsonObject {
    return this.#validate(requireJsonObject(value, "data", this.#limit));
  }

  /**
   * Validates data after checked patches were applied to it. Checks its size and the schema only. Throws the same
   * errors as {@link check}.
   *
   * @param before the data before the patches.
   * @param patchSize the size of the patches, bytes of JSON.
   */
  checkPatched(data: JsonObject, before: JsonObject, patchSize: number): JsonObject {
    const largest = sizeOf(before) + patchSize;
    // Serialize the data only if it may be too large, because a small patch of a large session must stay cheap.
    if (largest <= this.#limit) rememberSize(data, largest);
    else requireSize(measureSize(data), "data", this.#limit);
    return this.#validate(data);
  }

  #validate(data: JsonObject): JsonObject {
    const { schema } = this.#options;
    if (!schema) return data;
    const result = schema["~standard"].validate(data);
    if (result instanceof Promise)
      throw new TypeError("The schema of session data must validate synchronously.");
    if (result.issues) {
      const faults = result.issues.map(({ path, message }): Fault => ({ path: faultPathOf(path), message }));
      throw invalidInputError("session data", faults);
    }
    return requireJsonObject(result.value, "data", this.#limit);
  }

  /**
   * Returns the record's data, migrated to the present version. Null if that is impossible and the session must end.
   */
  read(record: SessionRecord): Data | null {
    if (record.dataVersion === this.version || !this.#hasVersionOrSchema) return record.data as Data;
    let data = this.#migrated.get(record);
    if (data === undefined) {
      data = this.#migrate(record) as Data | null;
      this.#migrated.set(record, data);
    }
    return data;
  }

  /** Returns the record's data, migrated. Without a record, returns the data of a new session. */
  readOrInitialData(record: SessionRecord | null): JsonObject {
    return (record ? this.read(record) : this.initialData()) as JsonObject;
  }

  /** Returns the data version that this process writes for an existing session. */
  versionOnWrite(record: SessionRecord): number {
    return this.#hasVersionOrSchema ? this.version : record.dataVersion;
  }

  /** Whether a newer deployment wrote the data, so that this process must not change it. */
  isNewer(record: SessionRecord): boolean {
    return (
      this.#hasVersionOrSchema &&
      record.dataVersion > this.version &&
      this.#options.onUnreadable === undefined
    );
  }

  #migrate(record: SessionRecord): JsonObject | null {
    try {
      let data = record.data;
      for (let version = record.dataVersion; version !== this.version; version++) {
        const migration = this.#options.migrations?.[version];
        if (!migration)
          throw new Error(`There is no migration from data version ${version}: add migrations[${version}].`);
        data = requireResult(migration(data), version);
      }
      return this.check(data);
    } catch (error) {
      if (!this.isNewer(record)) this.#onFailure(error);
      return this.#options.onUnreadable === "end" ? null : this.initialData();
    }
  }
}

function faultPathOf(path: StandardSchemaV1.Issue["path"]): string {
  const names = (path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment));
  return ["data", ...names].join(".");
}

/** Rejects a version that is not a whole number, and migrations that are missing or would never run. */
function requireMigrations(
  currentVersion: number,
  { migrations = {}, onUnreadable }: Pick<DataOptions<unknown>, "migrations" | "onUnreadable">,
): void {
  const input = "session data options";
  if (!Number.isSafeInteger(currentVersion) || currentVersion < 1) {
    const message = `must be a whole number from 1 (got ${describeValue(currentVersion)})`;
    throw usageError(input, [{ path: "version", message }]);
  }
  for (const [version, migration] of Object.entries(migrations)) {
    const path = `migrations[${version}]`;
    if (
      String(Math.trunc(Number(version))) !== version ||
      Number(version) < 1 ||
      Number(version) >= currentVersion
    ) {
      const message = `would never run: migrations[n] converts data of version n to n + 1, and the version is ${currentVersion}`;
      throw usageError(input, [{ path, message }]);
    }
    if (typeof migration !== "function")
      throw usageError(input, [{ path, message: `must be a function (got ${describeValue(migration)})` }]);
  }
  if (onUnreadable !== undefined) return;
  for (let version = 1; version < currentVersion; version++) {
    if (Object.hasOwn(migrations, version)) continue;
    const message = `is missing: add a function that converts data of version ${version} to ${version + 1}, or set onUnreadable to say what happens to such data`;
    throw usageError(input, [{ path: `migrations[${version}]`, message }]);
  }
}

/**
 * Returns the result of a migration. Throws if it is undefined, because a migration that changes its argument and
 * returns nothing would lose the data.
 */
function requireResult(data: JsonObject | undefined, version: number): JsonObject {
  if (data !== undefined) return data;
  const message = `migrations[${version}] of session data returned undefined: return the data of version ${version + 1}. Until then, the sessions get initial data.`;
  warnOnce(message, "COATCHECK_MIGRATION");
  throw new Error(message);
}
