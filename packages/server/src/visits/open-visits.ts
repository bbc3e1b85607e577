import { join } from "node:path";
import {
  createEventQueue,
  createVisits,
  defineEvents,
  type EventSink,
  type IngestQueue,
  type Visits,
} from "coatcheck/visit";
import { ndjsonSink } from "coatcheck/visit/ndjson";
import { type NoticeListener, postgresEvents } from "coatcheck/visit/postgres";
import { createQuestions, type QuestionDatabase, type Questions } from "coatcheck/visit/questions";
import { sqliteEvents, type VisitMaintenance } from "coatcheck/visit/sqlite";
import type { FastifyBaseLogger } from "fastify";
import { Pool } from "pg";
import { createFolderOf } from "../create-folder.ts";
import { logNotice } from "../log-notice.ts";
import { StartError } from "../start-error.ts";
import type { VisitsConfig, VisitsDatabase } from "./variables.ts";

/** The opened visit tracking of the service. */
export interface OpenVisits {
  readonly visits: Visits;
  readonly queue: IngestQueue;
  /** Runs analytics queries. Null if visits are written to files, which cannot be queried. */
  readonly questions: Questions | null;
  /** Runs the database's jobs, and exports and erases people's data. Null if visits are written to files. */
  readonly maintenance: VisitMaintenance | null;
  /** Writes waiting events and closes the database. */
  close(): Promise<void>;
}

/** Maximum connections to PostgreSQL for analytics queries. */
const MAX_QUESTION_CONNECTIONS = 4;

interface OpenSink {
  readonly sink: EventSink;
  readonly maintenance: VisitMaintenance | null;
  readonly questionDatabase: QuestionDatabase | null;
  readonly end?: () => Promise<void>;
}

/**
 * Opens the configured visit tracking. Events that the database does not accept wait in files next to the SQLite file
 * or in `./data`.
 *
 * @throws StartError if the database or the folder cannot be opened, with the reason.
 */
export async function openVisits(config: VisitsConfig, log: FastifyBaseLogger): Promise<OpenVisits> {
  try {
    const { sink, maintenance, questionDatabase, end } = await openSink(config, logNotice(log));
    const queue = createEventQueue({ sink, spill: { path: spillPathOf(config) } });
    queue.on("outage-began", ({ error }) => log.error({ err: error }, "visits cannot be stored; will retry"));
    queue.on("outage-ended", ({ waiting }) => log.info({ waiting }, "visits are stored again"));
    queue.on("dropping", ({ error }) => log.error({ err: error }, "events of visits are lost"));
    const { privacy, timeZone } = config;
    const visits = createVisits({ queue, privacy, timeZone, orders: sink, events: eventsOf(config) });
    visits.events.on("suspicious", (suspicion) => log.warn(suspicion, "suspicious visits"));
    const questions = questionDatabase && createQuestions(questionDatabase, { timeZone });
    return {
      visits,
      queue,
      questions,
      maintenance,
      async close() {
        await questions?.close();
        await visits.close();
        await end?.();
      },
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError([`Cannot open the visits in ${nameOf(config.database)}: ${reason}`], error);
  }
}

/** Returns the folder for waiting events. Other machines must not use this folder. */
function spillPathOf({ database }: VisitsConfig): string {
  if (database.kind === "sqlite") return `${database.path}.waiting`;
  return database.kind === "ndjson" ? join(database.folder, "waiting") : "./data/visits.waiting";
}

async function openSink({ database, timeZone }: VisitsConfig, onNotice: NoticeListener): Promise<OpenSink> {
  switch (database.kind) {
    case "sqlite": {
      createFolderOf(database.path);
      const sink = sqliteEvents({ path: database.path, timeZone });
      return { sink, maintenance: sink, questionDatabase: { dialect: "sqlite", path: database.path } };
    }
    case "ndjson":
      return { sink: ndjsonSink(database.folder), maintenance: null, questionDatabase: null };
    case "postgres": {
      const sink = await postgresEvents({ connectionString: database.url, timeZone, onNotice });
      const pool = new Pool({ connectionString: database.url, max: MAX_QUESTION_CONNECTIONS });
      // The pool replaces broken idle connections. Without a listener, their error events would crash the process.
      pool.on("error", () => {});
      return {
        sink,
        maintenance: sink,
        questionDatabase: { dialect: "postgres", pool },
        end: () => pool.end(),
      };
    }
  }
}

function eventsOf({ events }: VisitsConfig) {
  return defineEvents(Object.fromEntries(events.map(({ name, isKey }) => [name, { key: isKey }])));
}

function nameOf(database: VisitsDatabase): string {
  switch (database.kind) {
    case "sqlite":
      return database.path;
    case "ndjson":
      return database.folder;
    case "postgres":
      return `postgres://${new URL(database.url).host}`;
  }
}
