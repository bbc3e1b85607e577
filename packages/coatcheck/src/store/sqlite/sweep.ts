import type { DatabaseSync } from "node:sqlite";
import { hourOf, tenantOfScope } from "./statements.ts";

/**
 * Prepares `sweep`, which deletes up to `limit` rows that ended before `before` (epoch milliseconds). It deletes rows
 * with an end time of their own first, then rows that a mass revocation ended, and the mass revocation itself after
 * its last row. Must run inside a transaction.
 *
 * @returns a function that returns how many session rows it deleted.
 */
export function sweepOn(database: DatabaseSync): (before: number, limit: number) => number {
  const trimLog = database.prepare(
    `DELETE FROM log WHERE position < coalesce(
       (SELECT position FROM log WHERE logged_at >= ? ORDER BY position LIMIT 1), ${Number.MAX_SAFE_INTEGER}
     )`,
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
  const deleteOfEveryone = prepareDelete("");
  const deleteOfTenant = prepareDelete("AND tenant = ?");

  function sweepMassRevocation(position: number, scope: string, limit: number): number {
    const tenant = tenantOfScope(scope);
    const { changes } =
      tenant === null ? deleteOfEveryone.run(position, limit) : deleteOfTenant.run(position, tenant, limit);
    return Number(changes);
  }

  return (before, limit) => {
    trimLog.run(before);
    let count = Number(deleteEnded.run(before, limit).changes);
    for (const { position, scope } of massRevocations.all(before)) {
      if (count === limit) break;
      count += sweepMassRevocation(Number(position), String(scope), limit - count);
      if (count < limit) deleteMassRevocation.run(Number(position));
    }
    return count;
  };
}
