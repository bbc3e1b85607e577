import { sql } from "kysely";
import { isJsonObject, parseJson } from "../../session/json.ts";
import type { VisitEventRow } from "../sink/schema.ts";
import type { Context } from "./context.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import type { Reader } from "./database/read.ts";
import { RequestCheck } from "./request.ts";
import { allOf, type Sql } from "./sql/dialect.ts";
import type { SessionTimeline, TimelineEvent, VisitTimeline } from "./timeline-answers.ts";
import { toVisitSummary, VISIT_COLUMNS, type VisitSummaryRow } from "./visit-summary.ts";

/** Options for one page of a timeline or journey. */
export interface PageOptions {
  /** Maximum number of events or visits per page, from 1 to 1000. Default: 100. */
  readonly limit?: number;
  /** The `next` of the previous page. */
  readonly cursor?: string | null;
}

type EventRow = Pick<
  VisitEventRow,
  | "id"
  | "type"
  | "at"
  | "is_backend"
  | "session_id"
  | "subject"
  | "path"
  | "visible_time"
  | "is_key"
  | "order_id"
  | "revenue"
  | "currency"
  | "body"
>;

const EVENT_COLUMN_NAMES = [
  "id",
  "type",
  "at",
  "is_backend",
  "session_id",
  "subject",
  "path",
  "visible_time",
  "is_key",
  "order_id",
  "revenue",
  "currency",
  "body",
] as const satisfies readonly (keyof EventRow)[];

/** How long after a visit a beacon can still add visible time to its pages, in milliseconds. */
const MAX_BEACON_DELAY = 48 * 3_600_000;

const EVENT_COLUMNS = sql.join(EVENT_COLUMN_NAMES.map((name) => sql.ref(`e.${name}`)));

/** Implements `questions.visitTimeline()`. */
export async function visitTimeline(
  context: Context,
  visitId: string,
  options: PageOptions,
): Promise<VisitTimeline | null> {
  const page = checkPageRequest("visitTimeline", visitId, options);
  return await context.read(async (reader) => {
    const [visit] = await reader.rows(selectVisits(sql`v.id = ${visitId}`));
    if (!visit) return null;
    const { events, next } = await readEventPage(reader, eventsOfVisit(visit), page);
    return { question: "visitTimeline", visit: toVisitSummary(visit), events, next };
  });
}

/** Implements `questions.sessionTimeline()`. */
export async function sessionTimeline(
  context: Context,
  sessionId: string,
  options: PageOptions,
): Promise<SessionTimeline> {
  const page = checkPageRequest("sessionTimeline", sessionId, options);
  return await context.read(async (reader) => {
    const isOfSession = sql`v.id in (select s.visit_id from coatcheck_visit_session s where s.session_id = ${sessionId})`;
    const visits = await reader.rows(selectVisits(isOfSession));
    const ofVisits = visits.flatMap((visit) =>
      eventsOfVisit(visit).map((part) => sql`${part} and e.session_id = ${sessionId}`),
    );
    // Events of a session without a visit have no visitor yet, so they are selected separately.
    const orphans = sql`select ${EVENT_COLUMNS} from coatcheck_visit_event e where e.session_id = ${sessionId} and e.visitor is null`;
    const found = visits.length > 0 ? ofVisits : [orphans];
    const { events, next } = await readEventPage(reader, found, page);
    return { question: "sessionTimeline", visits: visits.map(toVisitSummary), events, next };
  });
}

function selectVisits(condition: Sql): Sql<VisitSummaryRow> {
  return sql`select ${VISIT_COLUMNS} from coatcheck_visit v join coatcheck_visitor w on w.number = v.visitor
    where ${condition} order by v.started_at, v.id limit 1000`;
}

/**
 * Selects the events of a visit: the visitor's events during the visit, later beacons of the visit's pages, and the
 * visit's backend events.
 */
function eventsOfVisit({ id, visitor, started_at, last_activity_at }: VisitSummaryRow): Sql[] {
  const during = (alias: string) => sql`${sql.ref(`${alias}.visitor`)} = ${sql.lit(visitor)}
    and ${sql.ref(`${alias}.at`)} between ${sql.lit(started_at)} and ${sql.lit(last_activity_at)}`;
  const pages = sql`select p.page_id from coatcheck_visit_event p where ${during("p")} and p.type = 'page_view'`;
  const isLate = allOf([
    sql`e.visitor = ${sql.lit(visitor)}`,
    sql`e.at > ${sql.lit(last_activity_at)} and e.at <= ${sql.lit(last_activity_at + MAX_BEACON_DELAY)}`,
    sql`e.type = 'page_time' and e.page_id in (${pages})`,
  ]);
  return [
    sql`select ${EVENT_COLUMNS} from coatcheck_visit_event e where ${during("e")} and e.is_backend = 0`,
    sql`select ${EVENT_COLUMNS} from coatcheck_visit_event e where ${isLate}`,
    sql`select ${EVENT_COLUMNS} from coatcheck_backend_event b join coatcheck_visit_event e on e.id = b.event_id and e.at = b.at
      where b.visitor = ${sql.lit(visitor)} and b.at >= ${sql.lit(started_at)} and b.visit_id = ${id}
        and e.at >= ${sql.lit(started_at)}`,
  ];
}

interface CheckedPageRequest {
  readonly identity: readonly string[];
  readonly limit: number;
  readonly after: readonly unknown[] | null;
}

/**
 * Validates the id and the paging options of a request for one visit, session, customer or visitor.
 *
 * @param tenant - the validated tenant, if the request has one.
 */
export function checkPageRequest(
  question: string,
  id: unknown,
  options: unknown,
  tenant?: string,
): CheckedPageRequest {
  const optionNames = ["limit", "cursor"];
  const check = new RequestCheck(
    question,
    options,
    tenant === undefined ? optionNames : [...optionNames, "tenant"],
  );
  const { limit, cursor } = options as PageOptions;
  const identity = [question, check.checkText("id", id), tenant ?? ""];
  const page = {
    identity,
    limit: check.checkLimit(limit, 100),
    after: decodeCursor(check, identity, cursor, ["number", "string"]),
  };
  check.throwFaults();
  return page;
}

/** Returns one page of events, oldest first. */
async function readEventPage(
  reader: Reader,
  parts: readonly Sql[],
  { identity, limit, after }: CheckedPageRequest,
): Promise<{ events: TimelineEvent[]; next: string | null }> {
  const isAfter = after ? sql`(e.at, e.id) > (${after[0]}, ${after[1]})` : sql`true`;
  const limited = parts.map(
    (part) => sql`select * from (${part} and ${isAfter} order by e.at, e.id limit ${sql.lit(limit + 1)}) x`,
  );
  const found =
    await reader.rows<EventRow>(sql`select ${EVENT_COLUMNS} from (${sql.join(limited, sql` union all `)}) e
    order by e.at, e.id limit ${sql.lit(limit + 1)}`);
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const next = last && found.length > limit ? encodeCursor(identity, [last.at, last.id]) : null;
  return { events: rows.map(toTimelineEvent), next };
}

function toTimelineEvent(row: EventRow): TimelineEvent {
  const parsed = parseJson(row.body);
  const body = isJsonObject(parsed) ? parsed : {};
  const title = typeof body.title === "string" ? body.title : null;
  return {
    id: row.id,
    type: row.type,
    at: new Date(row.at).toISOString(),
    origin: row.is_backend === 1 ? "backend" : "browser",
    sessionId: row.session_id,
    subject: row.subject,
    page: row.path === null ? null : { path: row.path, title },
    visibleTime: row.visible_time,
    isKey: row.is_key === 1,
    order:
      row.order_id === null || row.revenue === null || row.currency === null
        ? null
        : { orderId: row.order_id, revenue: row.revenue, currency: row.currency },
    properties: isJsonObject(body.properties) ? body.properties : {},
  };
}
