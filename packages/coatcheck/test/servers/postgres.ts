import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Client } from "pg";
import { TEST_PROGRAMS } from "../../../../scripts/test-programs/programs.ts";
import {
  createTemporaryFolder,
  findFreePort,
  findUnprivilegedUser,
  requireProgram,
  runCommand,
} from "./machine.ts";
import { type Durability, type RunningServer, startServer } from "./start.ts";
import { supervise } from "./supervise.ts";

/** Settings that differ from PostgreSQL's defaults. */
const POSTGRES_SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: 200,
};

/** More settings for servers that many tests share: no work that a test does not ask for. */
const SHARED_SETTINGS = { fsync: "off", autovacuum: "off", jit: "off" };

/** The folder of a server that will be started there, and a function that runs programs to prepare the folder. */
interface ServerFolder {
  readonly folder: string;
  readonly dataFolder: string;
  /** Runs one of PostgreSQL's programs in the folder, as the server's account. */
  run(program: string, args: readonly string[]): Promise<unknown>;
}

/** Starts a PostgreSQL on the loopback interface. It requires a password, and its data is in a temporary folder. */
export async function startPostgres(options: Durability = {}): Promise<RunningServer> {
  const password = randomBytes(16).toString("hex");
  return await startInFolder(
    password,
    async ({ folder, dataFolder, run: runProgram }) => {
      const secret = join(folder, "password");
      await writeFile(secret, password, { mode: 0o644 });
      // SCRAM would take 5 ms of CPU time for each of the tests' thousands of connections.
      const options = ["--auth=md5", `--pwfile=${secret}`, "--username=coatcheck"];
      await runProgram("initdb", [
        "-D",
        dataFolder,
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
        ...options,
      ]);
      await rm(secret);
    },
    options,
  );
}

/** Starts a standby of the primary. `select pg_promote()` makes the standby a primary. */
export async function startStandby(primary: string): Promise<RunningServer> {
  return await startInFolder(new URL(primary).password, async ({ dataFolder, run: runProgram }) => {
    await runProgram("pg_basebackup", [
      "-d",
      primary,
      "-D",
      dataFolder,
      "-R",
      "--checkpoint=fast",
      "--no-sync",
    ]);
  });
}

async function startInFolder(
  password: string,
  prepare: (site: ServerFolder) => Promise<void>,
  { fsync = true }: Durability = {},
): Promise<RunningServer> {
  const initdb = requireProgram(TEST_PROGRAMS.postgres);
  const user = await findUnprivilegedUser("postgres", "nobody");
  const program = (name: string) => join(dirname(initdb), name);
  return await startServer("PostgreSQL", async () => {
    const folder = await createTemporaryFolder("postgres", user);
    const data = join(folder, "data");
    await prepare({
      folder,
      dataFolder: data,
      run: (name, args) => runCommand(program(name), args, { cwd: folder, ...user }),
    });
    const port = await findFreePort();
    const settings = Object.entries({ ...POSTGRES_SETTINGS, port, ...(fsync ? {} : SHARED_SETTINGS) });
    const server = await supervise({
      command: program("postgres"),
      args: ["-D", data, ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      folder,
      log: join(folder, "postgres.log"),
      endSignal: "SIGQUIT",
      user,
    });
    const url = `postgres://coatcheck:${password}@127.0.0.1:${port}/postgres`;
    return { server, url, ping: pingPostgres };
  });
}

/** Resolves if the PostgreSQL at `url` responds, else rejects. */
export async function pingPostgres(url: string): Promise<void> {
  await query(url, "select 1");
}

/** Runs one statement on a new connection. */
export async function query(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 1000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Creates a schema for one test. Connections to the returned URL use this schema. */
export async function createTemporarySchema(
  url: string,
): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = `coatcheck_test_${randomBytes(4).toString("hex")}`;
  await query(url, `create schema ${name}`);
  const own = new URL(url);
  own.searchParams.set("options", `-c search_path=${name}`);
  return {
    url: own.href,
    async drop() {
      await query(url, `drop schema ${name} cascade`);
    },
  };
}
