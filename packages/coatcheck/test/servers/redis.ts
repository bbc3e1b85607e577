import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createClient } from "redis";
import { TEST_PROGRAMS } from "../../../../scripts/test-programs/programs.ts";
import { createTemporaryFolder, findFreePort, findUnprivilegedUser, requireProgram } from "./machine.ts";
import { type Durability, type RunningServer, startServer } from "./start.ts";
import { supervise } from "./supervise.ts";

/**
 * Starts a Redis on the loopback interface, with a password. The server stores each write in its file before it
 * acknowledges the write.
 */
export async function startRedis({ fsync = true }: Durability = {}): Promise<RunningServer> {
  const program = requireProgram(TEST_PROGRAMS.redis);
  const user = await findUnprivilegedUser("redis", "nobody");
  const password = randomBytes(16).toString("hex");
  return await startServer("Redis", async () => {
    const folder = await createTemporaryFolder("redis", user);
    const port = await findFreePort();
    const settings = {
      port,
      bind: "127.0.0.1",
      dir: folder,
      requirepass: password,
      appendonly: "yes",
      appendfsync: fsync ? "always" : "no",
      save: "",
      daemonize: "no",
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const log = join(folder, "redis.log");
    const server = await supervise({ command: program, args, folder, log, endSignal: "SIGTERM", user });
    return { server, url: `redis://:${password}@127.0.0.1:${port}`, ping: pingRedis };
  });
}

/** Resolves if the Redis at `url` responds, else rejects. */
export async function pingRedis(url: string): Promise<void> {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 1000 } });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.ping();
  } finally {
    client.destroy();
  }
}

/** Deletes the keys that begin with `prefix`. */
export async function deleteKeys(url: string, prefix: string): Promise<void> {
  const client = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  try {
    for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 })) {
      if (keys.length > 0) await client.unlink(keys);
    }
  } finally {
    client.destroy();
  }
}
