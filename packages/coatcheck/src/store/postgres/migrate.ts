import { type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { CoatcheckError } from "../../session/errors.ts";

/** Migrations and the tables that record them. */
export interface MigrationSet {
  /** SQL statements by name. The migrations run in this order, each once. */
  readonly migrations: Readonly<Record<string, readonly string[]>>;
  readonly table: string;
  readonly lockTable: string;
  /** The word for one migration in error messages, for example `migration`. */
  readonly migrationName: string;
}

/**
 * The key of Kysely's own lock. Older versions of Coatcheck take the same lock, so their processes also wait for this
 * migration.
 */
const MIGRATION_LOCK = "3853314791062309107";

/**
 * Applies the migrations that the database does not have yet, in one transaction. Several processes may call it at
 * once: one of them migrates, and the others wait.
 *
 * The lock belongs to the transaction and not to the connection: a transaction pooler (PgBouncer) may run the next
 * statement on another connection, which could not release a lock of the first connection.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` when a newer Coatcheck has migrated the database.
 */
export async function migrate<Tables>(db: Kysely<Tables>, set: MigrationSet): Promise<void> {
  try {
    await db.transaction().execute(async (transaction) => {
      // Turn off the lock timeout, because the pool's deadline limits the wait.
      await sql`set local lock_timeout = 0`.execute(transaction);
      await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)}::bigint)`.execute(transaction);
      const migrator = new Migrator({
        db: transaction,
        ...(await ownSchema(transaction)),
        migrationTableName: set.table,
        migrationLockTableName: set.lockTable,
        provider: { getMigrations: async () => kyselyMigrations(set.migrations) },
      });
      const { error } = await migrator.migrateToLatest();
      if (error !== undefined) throw error;
    });
  } catch (error) {
    await requireKnownMigrations(db, set, error);
    throw error;
  }
}

/**
 * Returns the schema in which the connection creates tables. Without this option, Kysely skips the creation of its
 * tables if any schema of the database has tables of the same names.
 */
async function ownSchema<Tables>(db: Kysely<Tables>): Promise<{ migrationTableSchema?: string }> {
  const { rows } = await sql<{ name: string | null }>`select current_schema() as name`.execute(db);
  const name = rows[0]?.name;
  return name ? { migrationTableSchema: name } : {};
}

function kyselyMigrations(migrations: MigrationSet["migrations"]): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(migrations).map(([name, statements]): [string, Migration] => [
      name,
      {
        async up(db) {
          for (const statement of statements) await sql.raw(statement).execute(db);
        },
      },
    ]),
  );
}

async function requireKnownMigrations<Tables>(
  db: Kysely<Tables>,
  { migrations, table, migrationName }: MigrationSet,
  cause: unknown,
): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select name from ${sql.table(table)} order by name desc limit 1`
    .execute(db)
    .catch(() => ({ rows: [] }));
  const newest = rows[0]?.name;
  if (newest === undefined || newest in migrations) return;
  throw new CoatcheckError(
    "STORE_UNAVAILABLE",
    `A newer Coatcheck has migrated the database (${migrationName} ${newest}); update Coatcheck.`,
    { cause },
  );
}
