import { type Clock, systemClock } from "../../session/clock.ts";
import { type KnownOptions, requireKnownOptions } from "../../session/known-options.ts";
import { warnOfShortDurations } from "../../session/short-durations.ts";
import { describeValue, usageError } from "../../session/usage-error.ts";
import type {
  AttributionAnswer,
  BreakdownAnswer,
  FunnelAnswer,
  LiveAnswer,
  OverviewAnswer,
  RetentionAnswer,
} from "./answers.ts";
import { type AttributionRequest, attribution } from "./attribution.ts";
import { type BreakdownRequest, breakdown } from "./breakdown.ts";
import { isTimeZone, LocalCalendar } from "./calendar.ts";
import { createContext } from "./context.ts";
import { PostgresReadDatabase, type QuestionPool } from "./database/postgres.ts";
import type { ReadDatabase } from "./database/read.ts";
import { SqliteReadDatabase } from "./database/sqlite.ts";
import { type FunnelRequest, funnel } from "./funnel.ts";
import { customerJourney, type JourneyOptions, visitorJourney } from "./journeys.ts";
import { type LiveRequest, live } from "./live.ts";
import { type OverviewRequest, overview } from "./overview.ts";
import { type RetentionRequest, retention } from "./retention.ts";
import type { JourneyAnswer, SessionTimeline, VisitTimeline } from "./timeline-answers.ts";
import { type PageOptions, sessionTimeline, visitTimeline } from "./timelines.ts";

/** The database of a SQL sink: a SQLite file, or a pool of `pg`. `questions.close()` does not end the pool. */
export type QuestionDatabase =
  | { readonly dialect: "sqlite"; readonly path: string }
  | { readonly dialect: "postgres"; readonly pool: QuestionPool };

/** Options of {@link createQuestions}. */
export interface QuestionOptions {
  /** IANA name of the operator's time zone. Must be the same as the sink's. Default: `UTC`. */
  readonly timeZone?: string;
  /** Source of the current time. Default: the machine's clock. */
  readonly clock?: Clock;
  /** Longest duration of one query, in milliseconds. Default: 3000. */
  readonly timeBudget?: number;
}

const QUESTION_OPTIONS = {
  timeZone: true,
  clock: true,
  timeBudget: true,
} satisfies KnownOptions<QuestionOptions>;

/** The answer of any question. */
export type Answer =
  | OverviewAnswer
  | LiveAnswer
  | BreakdownAnswer
  | FunnelAnswer
  | AttributionAnswer
  | RetentionAnswer
  | VisitTimeline
  | SessionTimeline
  | JourneyAnswer;

/**
 * Queries on visits. Answers are plain JSON. They include every event that the sink has stored, even if the rollups
 * (precomputed daily statistics) have not been updated yet.
 *
 * Every method rejects with a CoatcheckError:
 * - `VALIDATION_FAILED`: a path and message for each mistake in the request. Also used for a query that exceeds the
 *   time budget; its message asks for a narrower range.
 * - `STORE_UNAVAILABLE`: the database cannot be read.
 */
export interface Questions {
  /** Returns the statistics of a range, with a series of days or hours and an optional comparison. */
  overview(request: OverviewRequest): Promise<OverviewAnswer>;
  /** Returns the visitors of the last minutes. */
  live(request?: LiveRequest): Promise<LiveAnswer>;
  /** Returns statistics for each value of a dimension, most visits first. */
  breakdown(request: BreakdownRequest): Promise<BreakdownAnswer>;
  /** Returns how many visits or visitors reach each step. */
  funnel(request: FunnelRequest): Promise<FunnelAnswer>;
  /** Returns orders and revenue by source. The sources are those that were stored with each order. */
  attribution(request: AttributionRequest): Promise<AttributionAnswer>;
  /** Returns how many visitors of each week come back in later weeks. */
  retention(request: RetentionRequest): Promise<RetentionAnswer>;
  /** Returns a visit with its events; null if there is no such visit. */
  visitTimeline(visitId: string, options?: PageOptions): Promise<VisitTimeline | null>;
  /** Returns the events of a session, across its visits. */
  sessionTimeline(sessionId: string, options?: PageOptions): Promise<SessionTimeline>;
  /** Returns the visits of a customer, in all of their browsers. */
  customerJourney(subject: string, options?: JourneyOptions): Promise<JourneyAnswer>;
  /** Returns the visits of one browser. */
  visitorJourney(visitorId: string, options?: JourneyOptions): Promise<JourneyAnswer>;
  /** Stops running queries. Later calls reject with `STORE_UNAVAILABLE`. */
  close(): Promise<void>;
}

/**
 * Creates the questions for the database of a SQL sink.
 *
 * On SQLite, queries run in two separate threads, so that they do not block the event loop. The databases are only
 * read.
 *
 * @throws UsageError for an unknown option, time zone or dialect, a time budget that is not a positive number, or a
 *   SQLite database in memory, which other threads cannot read.
 */
export function createQuestions(database: QuestionDatabase, options: QuestionOptions = {}): Questions {
  requireKnownOptions("options of createQuestions()", options, QUESTION_OPTIONS);
  const { timeZone = "UTC", clock = systemClock, timeBudget = 3000 } = options;
  if (!isTimeZone(timeZone)) {
    const message = `must be an IANA time zone, such as "Europe/Zurich" (got ${describeValue(timeZone)})`;
    throw usageError("options of createQuestions()", [{ path: "timeZone", message }]);
  }
  if (!(Number.isFinite(timeBudget) && timeBudget > 0)) {
    const message = `must be a positive number of milliseconds (got ${describeValue(timeBudget)})`;
    throw usageError("options of createQuestions()", [{ path: "timeBudget", message }]);
  }
  const reading = readDatabase(database);
  warnOfShortDurations("options of createQuestions()", "wait", { timeBudget });
  const context = createContext(reading, { calendar: new LocalCalendar(timeZone), clock, timeBudget });
  return {
    overview: (request) => overview(context, request),
    live: (request = {}) => live(context, request),
    breakdown: (request) => breakdown(context, request),
    funnel: (request) => funnel(context, request),
    attribution: (request) => attribution(context, request),
    retention: (request) => retention(context, request),
    visitTimeline: (visitId, page = {}) => visitTimeline(context, visitId, page),
    sessionTimeline: (sessionId, page = {}) => sessionTimeline(context, sessionId, page),
    customerJourney: (subject, page = {}) => customerJourney(context, subject, page),
    visitorJourney: (visitorId, page = {}) => visitorJourney(context, visitorId, page),
    close: () => reading.close(),
  };
}

function readDatabase(database: QuestionDatabase): ReadDatabase {
  switch (database.dialect) {
    case "sqlite":
      if (typeof database.path === "string" && !["", ":memory:"].includes(database.path))
        return new SqliteReadDatabase(database.path);
      throw usageError("database of createQuestions()", [
        {
          path: "path",
          message: "must be the path of a file; other threads cannot read a database in memory",
        },
      ]);
    case "postgres":
      return new PostgresReadDatabase(database.pool);
    default:
      throw usageError("database of createQuestions()", [
        { path: "dialect", message: `must be "sqlite" or "postgres"` },
      ]);
  }
}
