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
  /** The privacy mode. `off` collects no visits. */
  readonly privacy: VisitsConfig["privacy"] | "off";
  readonly clock?: Clock;
  readonly schedule?: Schedule;
}

/** Exports or erases everything that is stored about a customer's visits. */
export type PersonalVisits = Pick<SqliteEvents, "exportPerson" | "erasePerson">;

/** The objects that collect and query the visits of the shop. */
export interface OpenVisits {
  readonly visits: Visits;
  readonly questions: Questions;
  readonly personalVisits: PersonalVisits;
  /** Stores queued events, then closes the database. */
  close(): Promise<void>;
}

interface OpenDatabase {
  readonly sink: EventSink & PersonalVisits;
  readonly database: QuestionDatabase;
  /**
   * The folder in which this process stores events while the database is unavailable. The service uses another folder.
   */
  readonly spillFolder: string;
  readonly end?: () => Promise<void>;
}

/**
 * Opens the database of visits, and creates the objects that collect and query visits.
 *
 * @throws StartError if `VISITS_URL` names NDJSON files, because files cannot be queried.
 */
export async function openVisits(options: OpenVisitsOptions): Promise<OpenVisits> {
  const { privacy, timeZone, clock, schedule } = options;
  const time = { ...(clock && { clock }), ...(schedule && { schedule }) };
  const { sink, database, spillFolder, end } = await openSink(options);
  const queue = createEventQueue({ sink, spill: { path: spillFolder }, ...time });
  const visits = createVisits({ queue, privacy, timeZone, events, orders: sink, ...time });
  const questions = createQuestions(database, { timeZone, ...(clock && { clock }) });
  return {
    visits,
    questions,
    personalVisits: sink,
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
      return { sink, database: { dialect: "sqlite", path }, spillFolder: `${path}.storefront-spillFolder` };
    }
    case "postgres": {
      const connection = { connectionString: database.url };
      const sink = await postgresEvents({ ...connection, timeZone });
      const pool = new Pool({ ...connection, max: 4 });
      // Without a listener, the error of a broken idle connection would end the process. The pool replaces the
      // connection.
      pool.on("error", () => {});
      const end = () => pool.end();
      return {
        sink,
        database: { dialect: "postgres", pool },
        spillFolder: "./data/storefront-spillFolder",
        end,
      };
    }
    case "ndjson":
      throw new StartError([
        "VISITS_URL must be a database, because the storefront's figures cannot be computed from NDJSON files.",
      ]);
  }
}
