import type { RetentionPeriods } from "coatcheck/visit/sqlite";
import { z } from "zod";
import type { Database } from "../database-variable.ts";
import { wholeNumber } from "../whole-number.ts";

/** Where visits are stored. Only databases support analytics queries; files do not. */
export type VisitsDatabase =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: string }
  | { readonly kind: "ndjson"; readonly folder: string };

/** A custom event type of the application. */
export interface NamedEvent {
  readonly name: string;
  /** Whether a visit with this event is an engaged visit. */
  readonly isKey: boolean;
}

/** The configuration of visits. */
export interface VisitsConfig {
  readonly database: VisitsDatabase;
  readonly privacy: (typeof PRIVACY_MODES)[number];
  /** IANA name of the time zone in which days start and end. */
  readonly timeZone: string;
  readonly events: readonly NamedEvent[];
  readonly retention: Required<RetentionPeriods>;
}

const PRIVACY_MODES = ["full", "exempt", "cookieless"] as const;
const VISITS_OFF = "off";

const visitsDatabase = z.string().transform((text, context): VisitsDatabase | typeof VISITS_OFF => {
  if (text === VISITS_OFF) return VISITS_OFF;
  const [, kind, path] = /^(sqlite|ndjson):(?!:memory:$)(.+)$/.exec(text) ?? [];
  if (kind === "sqlite" && path !== undefined) return { kind, path };
  if (kind === "ndjson" && path !== undefined) return { kind, folder: path };
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)) return { kind: "postgres", url: text };
  context.addIssue("must be sqlite:<path of a file>, postgres://…, ndjson:<path of a folder> or off");
  return z.NEVER;
});

const namedEvents = z
  .string()
  .transform((text) => text.split(",").map((entry) => entry.trim()))
  .refine(
    (names) => names.every((name) => /^[a-z][a-z0-9_]{0,63}(:key)?$/.test(name)),
    "must be a comma-separated list of names or `name:key`, such as quiz_started,quiz_finished:key",
  )
  .transform((names) =>
    names.map((entry): NamedEvent => ({ name: entry.replace(/:key$/, ""), isKey: entry.endsWith(":key") })),
  );

/** The environment variables that configure visit tracking. */
export const visitsVariables = {
  VISITS_URL: visitsDatabase.nullable().default(null),
  VISITS_PRIVACY: z
    .enum(PRIVACY_MODES, `must be one of ${PRIVACY_MODES.join(", ")}; VISITS_URL=off collects nothing`)
    .default("full"),
  VISITS_TIME_ZONE: z
    .string()
    .refine(isTimeZone, "must be an IANA time zone, such as Europe/Zurich")
    .default("UTC"),
  VISITS_EVENTS: namedEvents.default([]),
  VISITS_EVENT_DAYS: wholeNumber(7, 3650, 90).default(90),
  VISITS_USER_AGENT_DAYS: wholeNumber(1, 3650, 30).default(30),
  VISITS_ROLLUP_MONTHS: wholeNumber(1, 120, 25).default(25),
  VISITS_VISITOR_MONTHS: wholeNumber(1, 120, 13).default(13),
};

interface VisitsVariables {
  readonly VISITS_URL: VisitsDatabase | typeof VISITS_OFF | null;
  readonly VISITS_PRIVACY: VisitsConfig["privacy"];
  readonly VISITS_TIME_ZONE: string;
  readonly VISITS_EVENTS: readonly NamedEvent[];
  readonly VISITS_EVENT_DAYS: number;
  readonly VISITS_USER_AGENT_DAYS: number;
  readonly VISITS_ROLLUP_MONTHS: number;
  readonly VISITS_VISITOR_MONTHS: number;
}

/**
 * Returns the configuration of visit tracking, or null if it is off. Without `VISITS_URL`, visits are stored in the
 * sessions' PostgreSQL database, or in a SQLite file next to the sessions' file.
 */
export function visitsConfigOf(variables: VisitsVariables, sessions: Database): VisitsConfig | null {
  const {
    VISITS_URL,
    VISITS_PRIVACY: privacy,
    VISITS_TIME_ZONE: timeZone,
    VISITS_EVENTS: events,
  } = variables;
  if (VISITS_URL === VISITS_OFF) return null;
  const retention = {
    eventDays: variables.VISITS_EVENT_DAYS,
    userAgentDays: variables.VISITS_USER_AGENT_DAYS,
    rollupMonths: variables.VISITS_ROLLUP_MONTHS,
    visitorMonths: variables.VISITS_VISITOR_MONTHS,
  };
  return { database: VISITS_URL ?? databaseNextTo(sessions), privacy, timeZone, events, retention };
}

function databaseNextTo(sessions: Database): VisitsDatabase {
  if (sessions.kind === "postgres") return { kind: "postgres", url: sessions.url };
  const path = sessions.kind === "sqlite" ? sessions.path.replace(/\.db$/, "") : "./data/coatcheck";
  return { kind: "sqlite", path: `${path}-visits.db` };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
