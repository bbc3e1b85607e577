import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock, Schedule } from "coatcheck";
import { createEventQueue, createVisits, type EventSink, type Visits } from "coatcheck/visit";
import { postgresEvents } from "coatcheck/visit/postgres";
import { createQuestions, type QuestionDatabase, type Questions } from "coatcheck/visit/questions";
import { type SqliteEvents, sqliteEvents } from "coatcheck/visit/sqlite";
import { type Config, StartError } from "coatcheck-server";
import { Pool } from "pg";
import { events } from "./events.ts";

type VisitsConfig = NonNullable<Config["visits"]>;

/** Options of {@link openVisits}. */
export interface OpenVisitsOptions extends Pick<VisitsConfig, "database" | "timeZone"> {
  /** `off` collects nothing. */
  readonly privacy: VisitsConfig["privacy"] | "off";
  readonly clock?: Clock;
  readonly schedule?: Schedule;
}

/** What a customer may request: an export of everything that is stored about them, and its erasure. */
export type PersonalVisits = Pick<SqliteEvents, "exportPerson" | "erasePerson">;

/** The visits of the shop. */
export interface OpenVisits {
  readonly visits: Visits;
  readonly questions: Questions;
  readonly personal: PersonalVisits;
  /** Writes what waits, then closes the database. */
  close(): Promise<void>;
}

interface OpenDatabase {
  readonly sink: EventSink & PersonalVisits;
  readonly database: QuestionDatabase;
  /** This process's folder for events that the database does not accept. The service uses another folder. */
  readonly waiting: string;
  readonly end?: () => Promise<void>;
}

/**
 * Opens sink, queue, collection and questions on one database.
 *
 * @throws StartError for NDJSON files, which answer no questions.
 */
export async function openVisits(options: OpenVisitsOptions): Promise<OpenVisits> {
  const { privacy, timeZone, clock, schedule } = options;
  const time = { ...(clock && { clock }), ...(schedule && { schedule }) };
  const { sink, database, waiting, end } = await openSink(options);
  const queue = createEventQueue({ sink, spill: { path: waiting }, ...time });
  const visits = createVisits({ queue, privacy, timeZone, events, orders: sink, ...time });
  const questions = createQuestions(database, { timeZone, ...(clock && { clock }) });
  return {
    visits,
    questions,
    personal: sink,
    async close() {
      await questions.close();
      await visits.close();
      await end?.();
    },
  };
}

async function openSink({ database, timeZone }: OpenVisitsOptions): Promise<OpenDatabase> {
  switch (database.kind) {
    case "sqlite": {
      const { path } = database;
      mkdirSync(dirname(path), { recursive: true });
      const sink = sqliteEvents({ path, timeZone });
      return { sink, database: { dialect: "sqlite", path }, waiting: `${path}.storefront-waiting` };
    }
    case "postgres": {
      const connection = { connectionString: database.url };
      const sink = await postgresEvents({ ...connection, timeZone });
      const pool = new Pool({ ...connection, max: 4 });
      // The pool replaces an idle connection that breaks. Without a listener, its error would end the process.
      pool.on("error", () => {});
      const end = () => pool.end();
      return { sink, database: { dialect: "postgres", pool }, waiting: "./data/storefront-waiting", end };
    }
    case "ndjson":
      throw new StartError([
        "VISITS_URL must be a database: the storefront shows figures, and files have none.",
      ]);
  }
}
