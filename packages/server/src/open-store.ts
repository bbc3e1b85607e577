import { CoatcheckError, type SessionStore } from "coatcheck";
import { postgresStore } from "coatcheck/store/postgres";
import { connectRedis, type NoticeListener, redisStore } from "coatcheck/store/redis";
import { sqliteStore } from "coatcheck/store/sqlite";
import { connectUpstash } from "coatcheck/store/upstash";
import { createFolderOf } from "./create-folder.ts";
import type { Database } from "./database-variable.ts";
import { StartError } from "./start-error.ts";

/** An open session store, with a function for the cache in front of it. */
export interface OpenStore {
  readonly store: SessionStore;
  /** SQLite only: returns a number that changes when another process commits. */
  readonly dataVersion?: () => number;
}

/**
 * Opens the configured database.
 *
 * @param onNotice - receives the notices of the open database, such as a lost connection.
 * @throws StartError if the database cannot be opened, with the reason.
 */
export async function openStore(database: Database, onNotice: NoticeListener): Promise<OpenStore> {
  try {
    switch (database.kind) {
      case "sqlite": {
        createFolderOf(database.path);
        const store = sqliteStore(database.path);
        return { store, dataVersion: () => store.dataVersion() };
      }
      case "redis": {
        const transport = await connectRedis(database.url, { onNotice });
        return { store: await probeStore(redisStore(transport, { onNotice })) };
      }
      case "upstash": {
        const transport = await connectUpstash({ url: database.url, token: database.token });
        return { store: await probeStore(redisStore(transport, { onNotice })) };
      }
      case "postgres": {
        return { store: await postgresStore({ connectionString: database.url, onNotice }) };
      }
    }
  } catch (error) {
    throw new StartError([`Cannot open the database ${nameOf(database)}: ${reasonOf(error)}`], error);
  }
}

/** Calls a store once, to detect a wrong server, a wrong token, or a server that may evict sessions. */
async function probeStore(store: SessionStore): Promise<SessionStore> {
  try {
    await store.changes(null);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Returns the name of the database, without the password that its URL may contain. */
function nameOf(database: Database): string {
  return database.kind === "sqlite" ? database.path : `${database.kind}://${new URL(database.url).host}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof CoatcheckError) || !(error.cause instanceof Error)) return error.message;
  return `${error.message} (${error.cause.message})`;
}
