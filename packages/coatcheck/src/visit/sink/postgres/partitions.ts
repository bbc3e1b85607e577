import type { PostgresSession } from "./session.ts";

const DAY = 24 * 3_600_000;
/** Key of the advisory lock that is held while partitions are created. */
const PARTITION_LOCK = 1_668_243_830;

/** Returns the UTC day of a time. The day identifies the partition that contains the events of that day. */
export function partitionOf(at: number): number {
  return Math.floor(at / DAY);
}

/** Returns the name of a day's partition. */
export function partitionName(day: number): string {
  return `coatcheck_visit_event_${day < 0 ? `minus_${-day}` : day}`;
}

/**
 * Creates missing partitions. Each one is created as a separate table and then attached: creating it as a partition
 * would lock all partitions against readers.
 */
export async function createPartitions(session: PostgresSession, days: readonly number[]): Promise<void> {
  await session.rows("select pg_advisory_xact_lock($1)", [PARTITION_LOCK]);
  const names = days.map(partitionName);
  const existing = await session.rows<{ name: string }>(
    "select name from unnest($1::text[]) as name where to_regclass(name) is not null",
    [names],
  );
  const existingNames = new Set(existing.map(({ name }) => name));
  for (const day of days) {
    const name = partitionName(day);
    if (existingNames.has(name)) continue;
    await session.rows(`create table ${name} (like coatcheck_visit_event including all)`);
    await session.rows(
      `alter table coatcheck_visit_event attach partition ${name} for values from (${day * DAY}) to (${(day + 1) * DAY})`,
    );
  }
}
