import type { DatabaseSync } from "node:sqlite";
import { hourOf, tenantOfMass } from "./sqlite-statements.ts";

/**
 * Deletes up to `limit` rows that ended before `before`, first those that ended by themselves, then those that a mass
 * revocation ended; a mass revocation goes with the last of its rows. Must run inside a transaction.
 *
 * @returns how many rows of sessions it deleted.
 */
export function sweepOn(database: DatabaseSync): (before: number, limit: number) => number {
  const log = database.prepare(
    `DELETE FROM log WHERE position < coalesce(
       (SELECT position FROM log WHERE logged_at >= ? ORDER BY position LIMIT 1), ${Number.MAX_SAFE_INTEGER}
     )`,
  );
  const ended = database.prepare(
    `DELETE FROM session WHERE rowid IN (
       SELECT rowid FROM session WHERE end_hour <= ${hourOf("?1")} AND ends_at < ?1 ORDER BY end_hour LIMIT ?2
     )`,
  );
  const masses = database.prepare(
    "SELECT position, scope FROM mass_revocation WHERE revoked_at < ? ORDER BY position",
  );
  const forget = database.prepare("DELETE FROM mass_revocation WHERE position = ?");
  const reached = (where: string) =>
    database.prepare(
      `DELETE FROM session WHERE rowid IN (
         SELECT rowid FROM session WHERE state = 'active' AND written_at <= ? ${where} LIMIT ?
       )`,
    );
  const ofEveryone = reached("");
  const ofTenant = reached("AND tenant = ?");

  function sweepMass(position: number, scope: string, limit: number): number {
    const tenant = tenantOfMass(scope);
    const { changes } =
      tenant === null ? ofEveryone.run(position, limit) : ofTenant.run(position, tenant, limit);
    return Number(changes);
  }

  return (before, limit) => {
    log.run(before);
    let count = Number(ended.run(before, limit).changes);
    for (const { position, scope } of masses.all(before)) {
      if (count === limit) break;
      count += sweepMass(Number(position), String(scope), limit - count);
      if (count < limit) forget.run(Number(position));
    }
    return count;
  };
}
