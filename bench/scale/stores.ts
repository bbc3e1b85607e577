/** Opens the measured stores on real servers, with temporary data. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, SessionStore } from "coatcheck";
import { postgresStore } from "coatcheck/store/postgres";
import { connectRedis, redisStore } from "coatcheck/store/redis";
import { sqliteStore } from "coatcheck/store/sqlite";
import {
  createTemporarySchema,
  query,
  startPostgres,
} from "../../packages/coatcheck/test/servers/postgres.ts";
import { startRedis } from "../../packages/coatcheck/test/servers/redis.ts";

/**
 * An empty store. Until `finishLoading` is called, the servers confirm writes before they are on the disk, so filling
 * is faster.
 */
export interface OpenStore {
  readonly store: SessionStore;
  /**
   * Call this after the bulk load. From then on, a confirmed write is on the disk. It also runs the maintenance that a
   * database does by itself within minutes: it collects statistics and writes out its log.
   */
  finishLoading(): Promise<void>;
  /** Closes the store and deletes its data. */
  remove(): Promise<void>;
}

/**
 * Timeout of a call to a server, in milliseconds. It is long, so that calls too slow for production are still measured.
 */
const DEADLINE = 60_000;

/** A running database server, on which stores can be opened. */
export interface StoreKind {
  open(clock: Clock): Promise<OpenStore>;
  /** Stops the server. */
  stop(): Promise<void>;
}

/** The title and the start function of each store, by its name on the command line. */
export const STORES: Readonly<
  Record<string, { readonly title: string; readonly start: () => Promise<StoreKind> }>
> = {
  sqlite: { title: "SQLite", start: startSqlite },
  postgres: { title: "PostgreSQL", start: startPostgresStores },
  redis: { title: "Redis", start: startRedisStores },
};

async function startSqlite(): Promise<StoreKind> {
  return {
    async open(clock) {
      const folder = await mkdtemp(join(tmpdir(), "coatcheck-scale-"));
      const store = sqliteStore({ path: join(folder, "sessions.db"), clock });
      return {
        store,
        async finishLoading() {},
        async remove() {
          await store.close();
          await rm(folder, { recursive: true });
        },
      };
    },
    async stop() {},
  };
}

async function startPostgresStores(): Promise<StoreKind> {
  const server = await startPostgres();
  return {
    async open(clock) {
      const schema = await createTemporarySchema(server.url);
      const setFsync = async (to: "on" | "off") => {
        await query(server.url, `alter system set fsync = ${to}`);
        await query(server.url, "select pg_reload_conf()");
      };
      await setFsync("off");
      const store = await postgresStore({ connectionString: schema.url, clock, deadline: DEADLINE });
      return {
        store,
        async finishLoading() {
          await query(schema.url, "vacuum (analyze)");
          await setFsync("on");
          await query(schema.url, "checkpoint");
        },
        async remove() {
          await store.close();
          await schema.drop();
        },
      };
    },
    stop: () => server.stop(),
  };
}

async function startRedisStores(): Promise<StoreKind> {
  const server = await startRedis();
  return {
    async open(clock) {
      const transport = await connectRedis(server.url, { deadline: DEADLINE });
      await transport.exec(["CONFIG", "SET", "appendfsync", "no"]);
      const store = redisStore(transport, { clock });
      return {
        store,
        async finishLoading() {
          await transport.exec(["CONFIG", "SET", "appendfsync", "always"]);
        },
        async remove() {
          await transport.exec(["FLUSHALL", "ASYNC"]);
          await store.close();
        },
      };
    },
    stop: () => server.stop(),
  };
}
