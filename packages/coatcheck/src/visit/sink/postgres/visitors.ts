import { columnValues } from "./columns.ts";
import type { PostgresSession } from "./session.ts";

/** A visitor whose row is locked until the transaction ends. */
export interface LockedVisitor {
  readonly number: number;
  readonly tenant: string;
  readonly id: string;
  /** `last_write` before this transaction; null if this transaction created the visitor. */
  readonly lastWrite: number | null;
}

const INSERT_VISITORS = `insert into coatcheck_visitor (id, tenant, last_activity_at, last_write)
  select *, $4::bigint from unnest($1::text[], $2::text[], $3::bigint[]) on conflict do nothing
  returning number, tenant, id`;
const UPDATE_LOCKED_VISITORS = `update coatcheck_visitor v set last_write = $1::bigint,
    last_activity_at = greatest(v.last_activity_at, locked.at)
  from locked where v.number = locked.number
  returning v.number, v.tenant, v.id, locked.last_write as "lastWrite"`;
const LOCK_VISITORS = `with locked as (select v.number, v.last_write, w.at from coatcheck_visitor v
    join unnest($2::text[], $3::text[], $4::bigint[]) as w (id, tenant, at) on v.id = w.id and v.tenant = w.tenant
    order by v.number for no key update of v)
  ${UPDATE_LOCKED_VISITORS}`;
const LOCK_VISITORS_BY_NUMBER = `with locked as (select v.number, v.last_write, w.at from coatcheck_visitor v
    join unnest($2::bigint[], $3::bigint[]) as w (number, at) on v.number = w.number
    order by v.number for no key update of v)
  ${UPDATE_LOCKED_VISITORS}`;
/**
 * The rows of visitors within one transaction.
 *
 * Each transaction that adds events of a visitor stores its own random number in `last_write`. A node that knows the
 * number of its last transaction can tell whether another node has written since then.
 */
export class VisitorStatements {
  readonly #session: PostgresSession;
  /** The number that this transaction stores. */
  readonly numberOfWrite: number;

  constructor(session: PostgresSession, writeNumber: number) {
    this.#session = session;
    this.numberOfWrite = writeNumber;
  }

  /**
   * Creates the missing visitors, and locks the others in order of their numbers. The locks ensure that two nodes never
   * build the visits of one visitor at the same time.
   *
   * @param visitors - sorted, to prevent a deadlock between two nodes that create the same visitors. `at` is the time of
   *   the visitor's newest event.
   */
  async lock(visitors: readonly { id: string; tenant: string; at: number }[]): Promise<LockedVisitor[]> {
    if (visitors.length === 0) return [];
    const columns = ["id", "tenant", "at"];
    const created = await this.#session.rows<Omit<LockedVisitor, "lastWrite">>(INSERT_VISITORS, [
      ...columnValues({ columns }, visitors),
      this.numberOfWrite,
    ]);
    const isCreated = new Set(created.map(keyOf));
    const others = visitors.filter((visitor) => !isCreated.has(keyOf(visitor)));
    const locked =
      others.length === 0
        ? []
        : await this.#session.rows<LockedVisitor>(LOCK_VISITORS, [
            this.numberOfWrite,
            ...columnValues({ columns }, others),
          ]);
    return [...created.map((visitor) => ({ ...visitor, lastWrite: null })), ...locked];
  }

  /** Locks existing visitors, in order of their numbers. */
  async lockByNumber(visitors: readonly { number: number; at: number }[]): Promise<LockedVisitor[]> {
    if (visitors.length === 0) return [];
    const values = columnValues({ columns: ["number", "at"] }, visitors);
    return await this.#session.rows(LOCK_VISITORS_BY_NUMBER, [this.numberOfWrite, ...values]);
  }

  /** Stores the first visits of visitors. */
  async updateFirstVisits(
    visitors: readonly { visitor: number; first_visit_at: number; first_week: number }[],
  ): Promise<void> {
    if (visitors.length === 0) return;
    await this.#session.rows(
      `update coatcheck_visitor v set first_visit_at = w.first_visit_at, first_week = w.first_week
       from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as w (number, first_visit_at, first_week)
       where v.number = w.number and v.first_visit_at is distinct from w.first_visit_at`,
      columnValues({ columns: ["visitor", "first_visit_at", "first_week"] }, visitors),
    );
  }
}

function keyOf({ id, tenant }: { readonly id: string; readonly tenant: string }): string {
  return `${id}\n${tenant}`;
}
