import { type Kysely, type RawBuilder, sql } from "kysely";
import { type PagePosition, pageOf, readPageRequest } from "../session/page.ts";
import type { Page, PageRequest, SessionFilter } from "../session/store.ts";
import { FILTER_COLUMNS, recordOf, type SessionRow } from "./sql-row.ts";

/** The newest mass revocation of one tenant, or of everyone (then `tenant` is null). */
export interface MassRevocation {
  readonly tenant: string | null;
  /** Position of this mass revocation in the order of all mass revocations. */
  readonly position: number;
}

/** The part of a list query that differs between the SQL databases. */
export interface ListSource<Schema> {
  readonly db: Kysely<Schema>;
  /** The table of the stored sessions. Mass revocations do not update it. */
  readonly table: string;
  /** The view of the sessions with mass revocations applied. */
  readonly view: string;
  readonly columns: readonly (keyof SessionRow)[];
  /** For a row `s` of the table: the hour of `ends_at`, in hours since the epoch. */
  readonly expiryHour: RawBuilder<number>;
  /** Condition on a row `s` of the table: no mass revocation has ended it. */
  readonly isNotMassRevoked: RawBuilder<boolean>;
  /** Condition on a row `s` of the table: it was written before a mass revocation. */
  isWrittenBefore(position: number): RawBuilder<boolean>;
  /** Reads the newest mass revocation of each scope, if sessions that it ended are still stored. */
  massRevocations(): Promise<readonly MassRevocation[]>;
  /** Whether the database cannot store a value. Then no session matches a filter with that value. */
  isUnstorable(value: unknown): boolean;
}

/** Maximum number of lists of revoked sessions that one query merges. */
const MAX_MERGED_LISTS = 20;

const NEWEST_FIRST = sql`order by s.created_at desc, s.id desc`;
/**
 * Condition: the stored state is active. It is not written as `state = 'active'`: the planner would then use the
 * partial indexes with that condition, which are not in list order.
 */
const IS_NOT_REVOKED = sql<boolean>`s.state <> 'revoked'`;
const HOUR = 3_600_000;

/**
 * Reads one page of the sessions that match a filter, newest first. The caller has checked filter and page.
 *
 * If the filter names a state, the query reads the table and not the view. The view computes the state, so no index
 * could skip rows in other states.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` when the limit is out of range or the cursor is malformed.
 */
export async function listSessions<Schema>(
  source: ListSource<Schema>,
  filter: SessionFilter,
  page: PageRequest,
): Promise<Page> {
  const { limit, after } = readPageRequest(page);
  const { state, liveAt } = filter;
  const isImpossible = state === "revoked" && liveAt !== undefined;
  if (isImpossible || Object.values(filter).some(source.isUnstorable)) return { records: [], next: null };
  const query = new ListQuery(source, conditionsOf(filter, after), limit + 1);
  const rows =
    state === "revoked"
      ? await query.readRevoked(filter.tenant)
      : state === "active" || liveAt !== undefined
        ? await query.readActive(liveAt)
        : await query.readAll();
  return pageOf(rows.map(recordOf), limit);
}

/** The conditions of a filter that do not depend on mass revocations. */
function conditionsOf(filter: SessionFilter, after: PagePosition | null): RawBuilder<boolean>[] {
  const conditions: RawBuilder<boolean>[] = [];
  for (const [name, column] of FILTER_COLUMNS) {
    const value = filter[name];
    if (value !== undefined) conditions.push(sql`${sql.ref(`s.${column}`)} = ${value}`);
  }
  if (after) conditions.push(sql`(s.created_at, s.id) < (${after.createdAt}, ${after.id})`);
  return conditions;
}

class ListQuery<Schema> {
  readonly #source: ListSource<Schema>;
  readonly #conditions: readonly RawBuilder<boolean>[];
  readonly #limit: number;

  constructor(source: ListSource<Schema>, conditions: readonly RawBuilder<boolean>[], limit: number) {
    this.#source = source;
    this.#conditions = conditions;
    this.#limit = limit;
  }

  /** Reads the sessions in any state. */
  async readAll(): Promise<readonly SessionRow[]> {
    return await this.#readRows(this.#select(this.#columns(), this.#source.view, this.#conditions));
  }

  /** Reads the active sessions. With `liveAt`, omits the sessions that a timeout had ended at that time. */
  async readActive(liveAt: number | undefined): Promise<readonly SessionRow[]> {
    const { table, expiryHour, isNotMassRevoked } = this.#source;
    const conditions = [...this.#conditions, IS_NOT_REVOKED, isNotMassRevoked];
    if (liveAt !== undefined) {
      conditions.push(sql`${expiryHour} >= ${Math.floor(liveAt / HOUR)} and s.ends_at > ${liveAt}`);
    }
    return await this.#readRows(this.#select(this.#columns(), table, conditions));
  }

  /**
   * Reads the revoked sessions. Merges several lists: the sessions that were revoked individually, and the sessions
   * that each mass revocation ended.
   */
  async readRevoked(tenant: string | undefined): Promise<readonly SessionRow[]> {
    const { table, view } = this.#source;
    const found = await this.#source.massRevocations();
    const mass = found.filter((one) => tenant === undefined || one.tenant === null || one.tenant === tenant);
    if (mass.length >= MAX_MERGED_LISTS) {
      const conditions = [...this.#conditions, sql<boolean>`s.state = 'revoked'`];
      return await this.#readRows(this.#select(this.#columns(), view, conditions));
    }
    const ownState = sql<boolean>`s.state = 'revoked'`;
    const keys = [ownState, ...mass.map((one) => this.#isEndedBy(one))].map(
      (condition) =>
        sql`select * from (${this.#select(sql`s.id, s.created_at`, table, [...this.#conditions, condition])}) branch`,
    );
    const ids = sql`select s.id from (${sql.join(keys, sql` union `)}) s ${NEWEST_FIRST} limit ${this.#limit}`;
    return await this.#readRows(this.#select(this.#columns(), view, [sql`s.id in (${ids})`]));
  }

  #isEndedBy({ tenant, position }: MassRevocation): RawBuilder<boolean> {
    const isActiveBefore = sql<boolean>`${IS_NOT_REVOKED} and ${this.#source.isWrittenBefore(position)}`;
    return tenant === null ? isActiveBefore : sql`s.tenant = ${tenant} and ${isActiveBefore}`;
  }

  #columns(): RawBuilder<unknown> {
    return sql.join(this.#source.columns.map((name) => sql.ref(`s.${name}`)));
  }

  #select(
    columns: RawBuilder<unknown>,
    from: string,
    conditions: readonly RawBuilder<boolean>[],
  ): RawBuilder<SessionRow> {
    const where = conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``;
    return sql`select ${columns} from ${sql.table(from)} s ${where} ${NEWEST_FIRST} limit ${this.#limit}`;
  }

  async #readRows(query: RawBuilder<SessionRow>): Promise<readonly SessionRow[]> {
    return (await query.execute(this.#source.db)).rows;
  }
}
