import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TEST_PROGRAMS } from "../../../../scripts/test-programs/programs.ts";
import { createTemporaryFolder, findFreePort, findUnprivilegedUser, requireProgram } from "./machine.ts";
import { pingPostgres } from "./postgres.ts";
import { type RunningServer, startServer } from "./start.ts";
import { supervise } from "./supervise.ts";

/** Settings of PgBouncer, as in `pgbouncer.ini`. */
type PgBouncerSettings = Readonly<Record<string, string | number>>;

/**
 * Starts a PgBouncer in front of the PostgreSQL at `url`, in transaction mode with three connections to the server. It
 * offers the databases of that server. `settings` overrides PgBouncer's defaults.
 */
export async function startPgBouncer(url: string, settings: PgBouncerSettings = {}): Promise<RunningServer> {
  const command = requireProgram(TEST_PROGRAMS.pgbouncer);
  const user = await findUnprivilegedUser("postgres", "nobody");
  const server = new URL(url);
  const target = {
    host: server.hostname,
    port: server.port,
    user: decodeURIComponent(server.username),
    password: decodeURIComponent(server.password),
  };
  return await startServer("PgBouncer", async () => {
    const folder = await createTemporaryFolder("pgbouncer", user);
    const port = await findFreePort();
    const file = join(folder, "pgbouncer.ini");
    const options = {
      listen_addr: "127.0.0.1",
      listen_port: port,
      unix_socket_dir: "",
      auth_type: "any",
      pool_mode: "transaction",
      default_pool_size: 3,
      ...settings,
    };
    await writeFile(
      file,
      `[databases]\n* = ${formatSettings(target).join(" ")}\n[pgbouncer]\n${formatSettings(options).join("\n")}\n`,
    );
    if (user) await chown(file, user.uid, user.gid);
    const log = join(folder, "pgbouncer.log");
    const process = await supervise({ command, args: [file], folder, log, endSignal: "SIGTERM", user });
    const own = new URL(url);
    own.hostname = "127.0.0.1";
    own.port = String(port);
    return { server: process, url: own.href, ping: pingPostgres };
  });
}

function formatSettings(values: PgBouncerSettings): string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${value}`);
}
