import type { DatabaseSync } from "node:sqlite";
import { CoatcheckError } from "../../../session/errors.ts";

/** Key columns of both daily rollups (precomputed statistics). */
const DAILY_KEY_COLUMNS = `
    tenant TEXT NOT NULL,
    dimension TEXT NOT NULL,
    day INTEGER NOT NULL,
    value TEXT NOT NULL`;

/**
 * The migrations, in order. Never edit a released one. `coatcheck_visit_setting` contains the number of applied
 * migrations. The database's `user_version` is not used, because a session store may use the same file.
 *
 * The rowids of events are in order of arrival, so old events are deleted by rowid, without an index by age. Visits
 * are inserted in order of time, so the visits of several days are on neighbouring pages.
 */
const MIGRATIONS = [
  /* sql */ `
  CREATE TABLE coatcheck_visitor (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    first_visit_at INTEGER,
    first_week INTEGER,
    last_activity_at INTEGER NOT NULL,
    UNIQUE (id, tenant)
  ) STRICT;

  CREATE TABLE coatcheck_visit (
    id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    visitor INTEGER NOT NULL,
    session_id TEXT,
    subject TEXT,
    started_at INTEGER NOT NULL,
    last_activity_at INTEGER NOT NULL,
    local_day INTEGER NOT NULL,
    last_day INTEGER NOT NULL,
    week INTEGER NOT NULL,
    previous_day INTEGER,
    is_second INTEGER NOT NULL,
    first_week INTEGER NOT NULL,
    channel TEXT NOT NULL,
    source TEXT,
    medium TEXT,
    campaign TEXT,
    term TEXT,
    content TEXT,
    referrer TEXT,
    click_id TEXT,
    last_channel TEXT NOT NULL,
    last_source TEXT,
    last_medium TEXT,
    last_campaign TEXT,
    last_non_direct_at INTEGER,
    first_channel TEXT NOT NULL,
    first_source TEXT,
    first_medium TEXT,
    first_campaign TEXT,
    entry_page TEXT,
    exit_page TEXT,
    host TEXT,
    browser TEXT,
    os TEXT,
    device TEXT,
    country TEXT,
    city TEXT,
    page_views INTEGER NOT NULL,
    events INTEGER NOT NULL,
    visible_time INTEGER NOT NULL,
    is_engaged INTEGER NOT NULL,
    product_view_at INTEGER,
    add_to_cart_at INTEGER,
    begin_checkout_at INTEGER,
    order_at INTEGER,
    closed_add_to_cart_at INTEGER,
    closed_begin_checkout_at INTEGER,
    closed_order_at INTEGER,
    orders INTEGER NOT NULL,
    revenue TEXT NOT NULL
  ) STRICT;
  CREATE INDEX coatcheck_visit_by_visitor ON coatcheck_visit (visitor, started_at);
  CREATE INDEX coatcheck_visit_by_day ON coatcheck_visit (tenant, local_day, last_day);
  CREATE INDEX coatcheck_visit_by_week ON coatcheck_visit (tenant, week, first_week, visitor);
  CREATE INDEX coatcheck_visit_by_subject ON coatcheck_visit (tenant, subject, started_at)
    WHERE subject IS NOT NULL;

  CREATE TABLE coatcheck_visit_journey (visit_id TEXT PRIMARY KEY NOT NULL, journey TEXT NOT NULL) STRICT;

  CREATE TABLE coatcheck_visit_session (
    session_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    visitor INTEGER NOT NULL,
    PRIMARY KEY (session_id, visit_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX coatcheck_visit_session_by_visit ON coatcheck_visit_session (visit_id);

  CREATE TABLE coatcheck_visit_order (
    tenant TEXT NOT NULL,
    order_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    visit_id TEXT,
    visitor INTEGER,
    session_id TEXT,
    subject TEXT,
    at INTEGER NOT NULL,
    local_day INTEGER NOT NULL,
    revenue INTEGER NOT NULL,
    currency TEXT NOT NULL,
    first_channel TEXT,
    first_source TEXT,
    first_medium TEXT,
    first_campaign TEXT,
    last_channel TEXT,
    last_source TEXT,
    last_medium TEXT,
    last_campaign TEXT,
    PRIMARY KEY (tenant, order_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX coatcheck_visit_order_by_day ON coatcheck_visit_order (tenant, local_day);
  CREATE INDEX coatcheck_visit_order_by_visitor ON coatcheck_visit_order (visitor);
  CREATE INDEX coatcheck_visit_order_by_subject ON coatcheck_visit_order (tenant, subject) WHERE subject IS NOT NULL;

  CREATE TABLE coatcheck_visit_event (
    id TEXT PRIMARY KEY NOT NULL,
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    is_backend INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    visitor INTEGER,
    session_id TEXT,
    subject TEXT,
    page_id TEXT,
    host TEXT,
    path TEXT,
    visible_time INTEGER,
    is_key INTEGER NOT NULL,
    order_id TEXT,
    revenue INTEGER,
    currency TEXT,
    user_agent TEXT,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX coatcheck_visit_event_by_visitor ON coatcheck_visit_event (visitor, at) WHERE visitor IS NOT NULL;
  CREATE INDEX coatcheck_visit_event_by_arrival ON coatcheck_visit_event (received_at);
  CREATE INDEX coatcheck_visit_event_by_session ON coatcheck_visit_event (session_id) WHERE visitor IS NULL;

  CREATE TABLE coatcheck_backend_event (
    event_id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    visitor INTEGER,
    visit_id TEXT,
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    local_day INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX coatcheck_backend_event_by_day ON coatcheck_backend_event (tenant, local_day) WHERE visit_id IS NULL;
  CREATE INDEX coatcheck_backend_event_by_visitor ON coatcheck_backend_event (visitor, at);

  CREATE TABLE coatcheck_document_count (
    id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    hour INTEGER NOT NULL,
    local_day INTEGER NOT NULL,
    documents INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX coatcheck_document_count_by_day ON coatcheck_document_count (tenant, local_day, kind, documents);

  CREATE TABLE coatcheck_visit_tenant (tenant TEXT PRIMARY KEY NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE coatcheck_dirty_bucket (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    day INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE coatcheck_daily_metric (${DAILY_KEY_COLUMNS},
    visits INTEGER NOT NULL,
    engaged INTEGER NOT NULL,
    converted INTEGER NOT NULL,
    visible_time INTEGER NOT NULL,
    single_request INTEGER NOT NULL,
    page_views INTEGER NOT NULL,
    events INTEGER NOT NULL,
    orders INTEGER NOT NULL,
    product_view INTEGER NOT NULL,
    add_to_cart INTEGER NOT NULL,
    begin_checkout INTEGER NOT NULL,
    order_completed INTEGER NOT NULL,
    closed_add_to_cart INTEGER NOT NULL,
    closed_begin_checkout INTEGER NOT NULL,
    closed_order_completed INTEGER NOT NULL,
    PRIMARY KEY (tenant, dimension, day, value)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE coatcheck_daily_revenue (${DAILY_KEY_COLUMNS},
    currency TEXT NOT NULL,
    revenue INTEGER NOT NULL,
    PRIMARY KEY (tenant, dimension, day, value, currency)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE coatcheck_daily_visitor (${DAILY_KEY_COLUMNS},
    previous_day INTEGER NOT NULL,
    visitors INTEGER NOT NULL,
    returning_visitors INTEGER NOT NULL,
    PRIMARY KEY (tenant, dimension, day, value, previous_day)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE coatcheck_daily_wait (
    tenant TEXT NOT NULL,
    mode TEXT NOT NULL,
    step INTEGER NOT NULL,
    day INTEGER NOT NULL,
    waits TEXT NOT NULL,
    PRIMARY KEY (tenant, mode, step, day)
  ) STRICT;

  CREATE TABLE coatcheck_hourly_metric (
    tenant TEXT NOT NULL,
    hour INTEGER NOT NULL,
    visits INTEGER NOT NULL,
    visitors INTEGER NOT NULL,
    engaged INTEGER NOT NULL,
    converted INTEGER NOT NULL,
    visible_time INTEGER NOT NULL,
    page_views INTEGER NOT NULL,
    orders INTEGER NOT NULL,
    revenue TEXT NOT NULL,
    PRIMARY KEY (tenant, hour)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE coatcheck_weekly_cohort (
    tenant TEXT NOT NULL,
    first_week INTEGER NOT NULL,
    week INTEGER NOT NULL,
    visitors INTEGER NOT NULL,
    PRIMARY KEY (tenant, first_week, week)
  ) STRICT, WITHOUT ROWID;
`,
];

/**
 * Applies the missing migrations. Several processes may call it at the same time.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` if a newer version of Coatcheck has migrated the database.
 */
export function migrateVisits(database: DatabaseSync): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    database.exec(
      `CREATE TABLE IF NOT EXISTS coatcheck_visit_setting (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT`,
    );
    const version = Number(
      database.prepare("SELECT value FROM coatcheck_visit_setting WHERE name = 'schema'").get()?.value ?? 0,
    );
    if (version > MIGRATIONS.length) {
      throw new CoatcheckError(
        "STORE_UNAVAILABLE",
        `The visit database has schema version ${version}, but this version of Coatcheck supports schema version ${MIGRATIONS.length} at most. Update Coatcheck.`,
      );
    }
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    database
      .prepare("INSERT OR REPLACE INTO coatcheck_visit_setting (name, value) VALUES ('schema', ?)")
      .run(String(MIGRATIONS.length));
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
