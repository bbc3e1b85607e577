import type { Kysely } from "kysely";
import { migrate } from "../../../store/postgres/migrate.ts";

const TEXT_TYPE = 'text collate "C"';

/** Key columns of the daily rollups (precomputed statistics). */
const DAILY_KEY_COLUMNS = `tenant ${TEXT_TYPE} not null, dimension ${TEXT_TYPE} not null, day bigint not null, value ${TEXT_TYPE} not null`;

/** Returns the definitions of a traffic source's columns, such as `first_channel`. `channel` is the constraint of that
 * column. */
function sourceColumns(prefix: string, channel: string): string {
  return `${prefix}channel ${TEXT_TYPE} ${channel}, ${prefix}source ${TEXT_TYPE}, ${prefix}medium ${TEXT_TYPE}, ${prefix}campaign ${TEXT_TYPE}`;
}

const METRIC_COLUMNS = [
  "visits",
  "engaged",
  "converted",
  "visible_time",
  "single_request",
  "page_views",
  "events",
  "orders",
  "product_view",
  "add_to_cart",
  "begin_checkout",
  "order_completed",
  "closed_add_to_cart",
  "closed_begin_checkout",
  "closed_order_completed",
];

/**
 * The migrations, in order. Each runs once. Never edit a released one.
 *
 * Subjects, session ids and order ids have hash indexes, because clients can make them long and a B-tree entry is
 * limited to 2.7 KB. The key of an order is the SHA-256 of tenant and order id. Most updates of a visit change no
 * indexed column. The fill factor leaves space on each page, so that such an update writes the new row on the same page
 * and no index changes (HOT update).
 */
const MIGRATIONS: Readonly<Record<string, readonly string[]>> = {
  "001-visits": [
    `create table coatcheck_visitor (
      number bigint generated always as identity primary key,
      tenant ${TEXT_TYPE} not null,
      id ${TEXT_TYPE} not null,
      first_visit_at bigint,
      first_week bigint,
      last_activity_at bigint not null,
      last_write bigint not null,
      unique (id, tenant)
    ) with (fillfactor = 80)`,
    `create table coatcheck_visit (
      id ${TEXT_TYPE} primary key,
      tenant ${TEXT_TYPE} not null,
      visitor bigint not null,
      session_id ${TEXT_TYPE},
      subject ${TEXT_TYPE},
      started_at bigint not null,
      last_activity_at bigint not null,
      local_day bigint not null,
      last_day bigint not null,
      week bigint not null,
      previous_day bigint,
      is_second smallint not null,
      first_week bigint not null,
      ${sourceColumns("", "not null")},
      term ${TEXT_TYPE},
      content ${TEXT_TYPE},
      referrer ${TEXT_TYPE},
      click_id ${TEXT_TYPE},
      ${sourceColumns("last_", "not null")},
      last_non_direct_at bigint,
      ${sourceColumns("first_", "not null")},
      entry_page ${TEXT_TYPE},
      exit_page ${TEXT_TYPE},
      host ${TEXT_TYPE},
      browser ${TEXT_TYPE},
      os ${TEXT_TYPE},
      device ${TEXT_TYPE},
      country ${TEXT_TYPE},
      city ${TEXT_TYPE},
      page_views bigint not null,
      events bigint not null,
      visible_time bigint not null,
      is_engaged smallint not null,
      product_view_at bigint,
      add_to_cart_at bigint,
      begin_checkout_at bigint,
      order_at bigint,
      closed_add_to_cart_at bigint,
      closed_begin_checkout_at bigint,
      closed_order_at bigint,
      orders bigint not null,
      revenue text not null
    ) with (fillfactor = 70)`,
    "create index on coatcheck_visit (visitor, started_at)",
    "create index on coatcheck_visit (tenant, local_day, last_day)",
    "create index on coatcheck_visit (tenant, week, first_week, visitor)",
    "create index on coatcheck_visit using hash (subject) where subject is not null",

    `create table coatcheck_visit_journey (visit_id ${TEXT_TYPE} primary key, journey text not null) with (fillfactor = 70)`,
    `create table coatcheck_visit_session (
      session_id ${TEXT_TYPE} not null,
      visit_id ${TEXT_TYPE} not null,
      started_at bigint not null,
      visitor bigint not null
    )`,
    "create index on coatcheck_visit_session using hash (session_id)",
    "create index on coatcheck_visit_session (visit_id)",

    `create table coatcheck_visit_order (
      key bytea primary key,
      tenant ${TEXT_TYPE} not null,
      order_id ${TEXT_TYPE} not null,
      event_id ${TEXT_TYPE} not null,
      visit_id ${TEXT_TYPE},
      visitor bigint,
      session_id ${TEXT_TYPE},
      subject ${TEXT_TYPE},
      at bigint not null,
      local_day bigint not null,
      revenue bigint not null,
      currency ${TEXT_TYPE} not null,
      ${sourceColumns("first_", "")},
      ${sourceColumns("last_", "")}
    )`,
    "create index on coatcheck_visit_order (tenant, local_day)",
    "create index on coatcheck_visit_order (visit_id)",
    "create index on coatcheck_visit_order (visitor)",
    "create index on coatcheck_visit_order using hash (subject) where subject is not null",

    `create table coatcheck_visit_event (
      id ${TEXT_TYPE} not null,
      type ${TEXT_TYPE} not null,
      at bigint not null,
      received_at bigint not null,
      is_backend smallint not null,
      tenant ${TEXT_TYPE} not null,
      visitor bigint,
      session_id ${TEXT_TYPE},
      subject ${TEXT_TYPE},
      page_id ${TEXT_TYPE},
      host ${TEXT_TYPE},
      path ${TEXT_TYPE},
      visible_time bigint,
      is_key smallint not null,
      order_id ${TEXT_TYPE},
      revenue bigint,
      currency ${TEXT_TYPE},
      user_agent text,
      body text not null,
      primary key (at, id)
    ) partition by range (at)`,
    "create index on coatcheck_visit_event (visitor, at) where visitor is not null",
    "create index on coatcheck_visit_event using hash (session_id) where visitor is null",

    `create table coatcheck_backend_event (
      event_id ${TEXT_TYPE} primary key,
      tenant ${TEXT_TYPE} not null,
      visitor bigint,
      visit_id ${TEXT_TYPE},
      type ${TEXT_TYPE} not null,
      at bigint not null,
      local_day bigint not null
    )`,
    "create index on coatcheck_backend_event (tenant, local_day) where visit_id is null",
    "create index on coatcheck_backend_event (visitor, at)",

    `create table coatcheck_document_count (
      id ${TEXT_TYPE} primary key,
      tenant ${TEXT_TYPE} not null,
      kind ${TEXT_TYPE} not null,
      hour bigint not null,
      local_day bigint not null,
      documents bigint not null
    )`,
    "create index on coatcheck_document_count (tenant, local_day)",

    `create table coatcheck_visit_tenant (tenant ${TEXT_TYPE} primary key)`,
    `create table coatcheck_visit_setting (name ${TEXT_TYPE} primary key, value text not null)`,
    `create table coatcheck_dirty_bucket (
      id bigint generated always as identity primary key,
      tenant ${TEXT_TYPE} not null,
      day bigint not null
    )`,

    `create table coatcheck_daily_metric (
      ${DAILY_KEY_COLUMNS},
      ${METRIC_COLUMNS.map((name) => `${name} bigint not null`).join(", ")},
      primary key (tenant, dimension, day, value)
    )`,
    `create table coatcheck_daily_revenue (
      ${DAILY_KEY_COLUMNS},
      currency ${TEXT_TYPE} not null,
      revenue bigint not null,
      primary key (tenant, dimension, day, value, currency)
    )`,
    `create table coatcheck_daily_visitor (
      ${DAILY_KEY_COLUMNS},
      previous_day bigint not null,
      visitors bigint not null,
      returning_visitors bigint not null,
      primary key (tenant, dimension, day, value, previous_day)
    )`,
    `create table coatcheck_daily_wait (
      tenant ${TEXT_TYPE} not null,
      mode ${TEXT_TYPE} not null,
      step bigint not null,
      day bigint not null,
      waits text not null,
      primary key (tenant, mode, step, day)
    )`,
    `create table coatcheck_hourly_metric (
      tenant ${TEXT_TYPE} not null,
      hour bigint not null,
      visits bigint not null,
      visitors bigint not null,
      engaged bigint not null,
      converted bigint not null,
      visible_time bigint not null,
      page_views bigint not null,
      orders bigint not null,
      revenue text not null,
      primary key (tenant, hour)
    )`,
    `create table coatcheck_weekly_cohort (
      tenant ${TEXT_TYPE} not null,
      first_week bigint not null,
      week bigint not null,
      visitors bigint not null,
      primary key (tenant, first_week, week)
    )`,
  ],
};

/**
 * Applies the missing migrations. Several processes may call it at the same time; only one of them migrates.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` if a newer version of Coatcheck has migrated the database.
 */
export async function migrateVisits<Tables>(db: Kysely<Tables>): Promise<void> {
  await migrate(db, {
    migrations: MIGRATIONS,
    table: "coatcheck_visit_migration",
    lockTable: "coatcheck_visit_migration_lock",
    migrationName: "visit migration",
  });
}
