/**
 * An event sink that appends to files of JSON lines, one file for each day. DuckDB, ClickHouse and most other tools
 * can read these files. The sink does not search a file for ids, so a file may contain an event twice. Queries must
 * remove duplicates by `id`.
 *
 * @example
 * import { ndjsonSink } from "coatcheck/visit/ndjson";
 *
 * const sink = ndjsonSink("./events");
 * await sink.write({ events: [], counts: [] });
 * await sink.close();
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Clock, systemClock } from "../../session/clock.ts";
import { type KnownOptions, requireKnownOptions } from "../../session/known-options.ts";
import { describeValue, usageError } from "../../session/usage-error.ts";
import { repairLastLine } from "../files/lines.ts";
import { type Slot, takeSlot } from "../files/lock.ts";
import type { EventBatch, EventSink } from "../sink.ts";
import { closedSinkError, sinkUnavailableError } from "../sink-error.ts";
import { lineOf } from "./line.ts";

/** Options of {@link ndjsonSink}. */
export interface NdjsonSinkOptions {
  /** The folder for the files, on a local disk. Created with mode 0700 if it does not exist. */
  readonly folder: string;
  /** Determines the day in the file's name. Default: the system clock. */
  readonly clock?: Clock;
}

const SINK_OPTIONS = { folder: true, clock: true } satisfies KnownOptions<NdjsonSinkOptions>;

/**
 * Opens a folder of files named `<day>-<writer>.ndjson`, such as `2026-01-31-1.ndjson`. The day is the UTC day of the
 * write, so a file never changes after its day. Events may arrive up to 48 hours late, or later after an outage of the
 * sink; they are written to the file of the day on which they arrive. Each process that shares the folder has its own
 * number and files.
 *
 * Each line is an object. `kind` is `event` or `count`. The other members are those of `VisitEvent` or `DocumentCount`.
 * The `kind` of a `DocumentCount` is in `countedKind`. A batch is acknowledged after fsync. An incomplete last line,
 * which a crash leaves, is removed when the next process opens the file.
 *
 * @param options the folder, or an object with more options.
 * @throws UsageError for an unknown option; CoatcheckError `STORE_UNAVAILABLE` when the folder cannot be used.
 */
export function ndjsonSink(options: string | NdjsonSinkOptions): EventSink {
  const given: NdjsonSinkOptions = typeof options === "string" ? { folder: options } : options;
  requireKnownOptions("options of ndjsonSink()", given, SINK_OPTIONS);
  const { folder, clock = systemClock } = given;
  if (typeof folder !== "string" || folder === "") {
    const message = `must be the path of a folder (got ${describeValue(folder)})`;
    throw usageError("options of ndjsonSink()", [{ path: "folder", message }]);
  }
  const files = openFolder(folder, clock);
  let last: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | null = null;

  return {
    write(batch) {
      if (closing) return Promise.reject(closedSinkError());
      const written = last.then(() => files.append(batch));
      last = written.catch(() => {});
      return written;
    },
    close() {
      closing ??= last.then(() => files.close());
      return closing;
    },
  };
}

function openFolder(folder: string, clock: Clock): DayFiles {
  try {
    // With a relative path in a deleted working directory, `mkdirSync` never returns.
    mkdirSync(resolve(folder), { recursive: true, mode: 0o700 });
    const slot = takeSlot(folder);
    const newest = readdirSync(folder)
      .filter((name) => new RegExp(`^\\d{4}-\\d\\d-\\d\\d-${slot.number}\\.ndjson$`).test(name))
      .sort()
      .at(-1);
    if (newest) repairLastLine(join(folder, newest));
    return new DayFiles(folder, slot, clock);
  } catch (error) {
    throw sinkUnavailableError(error);
  }
}

/**
 * Appends to the files of this process. There is one file for each day. The `<writer>` in its name is the number of
 * this process's slot.
 */
class DayFiles {
  readonly #folder: string;
  readonly #slot: Slot;
  readonly #clock: Clock;
  #currentFile: { readonly day: string; readonly file: FileHandle } | null = null;

  constructor(folder: string, slot: Slot, clock: Clock) {
    this.#folder = folder;
    this.#slot = slot;
    this.#clock = clock;
  }

  async append({ events, counts }: EventBatch): Promise<void> {
    const lines = [
      ...events.map((event) => lineOf({ kind: "event", event })),
      ...counts.map((count) => lineOf({ kind: "count", count })),
    ];
    if (lines.length === 0) return;
    try {
      const file = await this.#fileOfToday();
      await file.appendFile(lines.join(""));
      await file.sync();
    } catch (error) {
      await this.#abandonFile();
      throw sinkUnavailableError(error);
    }
  }

  async close(): Promise<void> {
    await this.#currentFile?.file.close();
    this.#currentFile = null;
    this.#slot.release();
  }

  async #fileOfToday(): Promise<FileHandle> {
    const day = new Date(this.#clock.now()).toISOString().slice(0, 10);
    if (this.#currentFile?.day === day) return this.#currentFile.file;
    await this.#currentFile?.file.close();
    this.#currentFile = null;
    const path = join(this.#folder, `${day}-${this.#slot.number}.ndjson`);
    if (existsSync(path)) repairLastLine(path);
    const file = await open(path, "a", 0o600);
    this.#currentFile = { day, file };
    await syncFolder(this.#folder);
    return file;
  }

  /**
   * Closes the file after a failed write. The next write opens the file again, which removes an incomplete last line.
   */
  async #abandonFile(): Promise<void> {
    const { file } = this.#currentFile ?? {};
    this.#currentFile = null;
    await file?.close().catch(() => {});
  }
}

/** Makes the name of a new file durable (fsync of the folder). */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
