import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TEST_PROGRAMS } from "../../../../../scripts/test-programs/programs.ts";
import {
  createTemporaryFolder,
  findFreePort,
  findUnprivilegedUser,
  requireProgram,
} from "../../servers/machine.ts";
import { pingRedis } from "../../servers/redis.ts";
import { type RunningServer, startServer } from "../../servers/start.ts";
import { supervise } from "../../servers/supervise.ts";

/** A Redis server that belongs to one test, which may stop it, fill it or change its settings. */
export interface OwnRedis extends RunningServer {
  readonly port: number;
}

type RedisSettings = Readonly<Record<string, string>>;

/** Starts a Redis server with temporary data on a loopback port. `settings` are names and values of `redis.conf`. */
export function startOwnRedis(settings: RedisSettings = {}): Promise<OwnRedis> {
  return startRedisProgram({ save: '""', ...settings }, []);
}

/** Starts a Sentinel that watches the primary at `port` under the name `coats`. */
export function startSentinel(port: number): Promise<OwnRedis> {
  return startRedisProgram({ sentinel: `monitor coats 127.0.0.1 ${port} 1` }, ["--sentinel"]);
}

async function startRedisProgram(settings: RedisSettings, flags: readonly string[]): Promise<OwnRedis> {
  const command = requireProgram(TEST_PROGRAMS.redis);
  const user = await findUnprivilegedUser("redis", "nobody");
  let port = 0;
  const server = await startServer("Redis", async () => {
    const folder = await createTemporaryFolder("redis", user);
    port = await findFreePort();
    const lines = Object.entries({ port, bind: "127.0.0.1", dir: folder, ...settings });
    // A Sentinel writes its state into its configuration file, so each server needs its own file.
    const file = join(folder, "redis.conf");
    await writeFile(file, lines.map(([name, value]) => `${name} ${value}\n`).join(""));
    if (user) await chown(file, user.uid, user.gid);
    const log = join(folder, "redis.log");
    const args = [file, ...flags];
    const process = await supervise({ command, args, folder, log, endSignal: "SIGTERM", user });
    return { server: process, url: `redis://127.0.0.1:${port}`, ping: pingRedis };
  });
  return { ...server, port };
}
