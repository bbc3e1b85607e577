import { existsSync } from "node:fs";
import { systemClock } from "coatcheck";
import { Command } from "commander";
import { readConfig } from "./config.ts";
import type { Database } from "./database-variable.ts";
import { sweepSlices } from "./jobs/sweep.ts";
import { openStore } from "./open-store.ts";
import { StartError } from "./start-error.ts";

interface SweepCommandOptions {
  readonly database?: string;
  readonly retention?: string;
}

/** Milliseconds between two progress lines. */
const PROGRESS_INTERVAL = 1000;

/** Builds `coatcheck sweep`. Its options take precedence over the environment variables. */
export function sweepCommand(): Command {
  return new Command("sweep")
    .description(
      "Delete all sessions that ended longer ago than the retention. A running service does this by itself. Reads the same environment variables as serve.",
    )
    .option(
      "--retention <milliseconds>",
      "how long ended sessions are kept, at least 900000 (env: SESSION_RETENTION_MS, default: 86400000, 1 day)",
    )
    .option(
      "--database <url>",
      "sqlite:<path>, postgres://… or redis://… (env: DATABASE_URL, default: sqlite:./data/coatcheck.db)",
    )
    .action(sweep);
}

async function sweep(options: SweepCommandOptions): Promise<void> {
  const { DATABASE_URL, SESSION_RETENTION_MS } = process.env;
  const { database, retention } = readConfig({
    ...process.env,
    DATABASE_URL: options.database ?? DATABASE_URL,
    SESSION_RETENTION_MS: options.retention ?? SESSION_RETENTION_MS,
  });
  requireExistingFile(database);
  const { store } = await openStore(database, ({ message }) => console.error(message));
  try {
    const endedBefore = systemClock.now() - retention;
    const total = await sweepSlices((limit) => store.sweep(endedBefore, limit), createProgressPrinter());
    console.log(`Deleted ${total} sessions that ended before ${new Date(endedBefore).toISOString()}.`);
  } finally {
    await store.close();
  }
}

/** Rejects a missing SQLite file. Opening it would create it, and the operator would not notice a wrong path. */
function requireExistingFile(database: Database): void {
  if (database.kind !== "sqlite" || existsSync(database.path)) return;
  throw new StartError([
    `There is no database at ${database.path}; set another with DATABASE_URL or --database.`,
  ]);
}

function createProgressPrinter(): (total: number) => boolean {
  let printedAt = performance.now();
  return (total) => {
    if (performance.now() - printedAt >= PROGRESS_INTERVAL) {
      printedAt = performance.now();
      console.log(`Deleted ${total} sessions so far …`);
    }
    return true;
  };
}
