import type { DatabaseSync } from "node:sqlite";
import { hourOf, tenantOfScope } from "./statements.ts";

/** Runs a write in the next transaction and resolves once it is on the disk. */
type CommitWrite = <Result>(write: () => Result) => Promise<Result>;

/** Maximum number of session rows that one write deletes. Each row changes pages of several indexes. */
const ROW_SLICE_SIZE = 25;
/**
 * Maximum number of log rows that one write deletes. It is higher than for session rows, because log rows are adjacent
 * in the file.
 */
const LOG_SLICE_SIZE = 500;
/** Number of writes that are queued at once. They share commits, and each commit stays short. */
const MAX_QUEUED_SLICES = 20;

/**
 * Prepares `sweep`, which deletes up to `limit` rows that ended before `before` (epoch milliseconds), and all log items
 * of that age. `sweep` first deletes sessions that timed out or were revoked individually, then sessions that a mass
 * revocation ended, and then the mass revocation itself. It deletes in slices, so that it blocks neither other writes
 * nor the event loop.
 *
 * @returns a function that returns how many session rows it deleted.
 */
export function prepareSweep(
  database: DatabaseSync,
  commit: CommitWrite,
): (before: number, limit: number) => Promise<number> {
  const trimLog = database.prepare(
    `DELETE FROM log WHERE logged_at < ?
       AND position IN (SELECT position FROM log ORDER BY position LIMIT ${LOG_SLICE_SIZE})`,
  );
  const deleteEnded = database.prepare(
    `DELETE FROM session WHERE rowid IN (
       SELECT rowid FROM session WHERE end_hour <= ${hourOf("?1")} AND ends_at < ?1 ORDER BY end_hour LIMIT ?2
     )`,
  );
  const massRevocations = database.prepare(
    "SELECT position, scope FROM mass_revocation WHERE revoked_at < ? ORDER BY position",
  );
  const deleteMassRevocation = database.prepare("DELETE FROM mass_revocation WHERE position = ?");
  const prepareDelete = (where: string) =>
    database.prepare(
      `DELETE FROM session WHERE rowid IN (
         SELECT rowid FROM session WHERE state = 'active' AND written_at <= ? ${where} LIMIT ?
       )`,
    );
  // In the order of the row ids, the rows that a revocation of everyone ended come before all newer rows.
  const deleteOfEveryone = prepareDelete("ORDER BY rowid");
  const deleteOfTenant = prepareDelete("AND tenant = ?");

  function sweepMassRevocation(position: number, scope: string, limit: number): number {
    const tenant = tenantOfScope(scope);
    const { changes } =
      tenant === null ? deleteOfEveryone.run(position, limit) : deleteOfTenant.run(position, tenant, limit);
    return Number(changes);
  }

  function sweepSlice(before: number, limit: number): number {
    let count = Number(deleteEnded.run(before, limit).changes);
    for (const { position, scope } of massRevocations.all(before)) {
      if (count === limit) break;
      count += sweepMassRevocation(Number(position), String(scope), limit - count);
      if (count < limit) deleteMassRevocation.run(Number(position));
    }
    return count;
  }

  return async (before, limit) => {
    await deleteInSlices(Number.POSITIVE_INFINITY, LOG_SLICE_SIZE, () =>
      commit(() => Number(trimLog.run(before).changes)),
    );
    return await deleteInSlices(limit, ROW_SLICE_SIZE, (size) => commit(() => sweepSlice(before, size)));
  };
}

/** Deletes up to `limit` rows, `sliceSize` at a time, until a slice deletes fewer rows than it may. */
async function deleteInSlices(
  limit: number,
  sliceSize: number,
  deleteSlice: (limit: number) => Promise<number>,
): Promise<number> {
  let deleted = 0;
  while (deleted < limit) {
    const wanted = Math.min(limit - deleted, MAX_QUEUED_SLICES * sliceSize);
    const slices: Promise<number>[] = [];
    for (let rest = wanted; rest > 0; rest -= sliceSize) slices.push(deleteSlice(Math.min(rest, sliceSize)));
    const counts = await Promise.all(slices);
    const found = counts.reduce((sum, count) => sum + count, 0);
    deleted += found;
    if (found < wanted) break;
  }
  return deleted;
}
