import { join } from "node:path";
import { createClient } from "redis";
import { TEST_PROGRAMS } from "../../../../scripts/test-programs/programs.ts";
import {
  createTemporaryFolder,
  findFreePort,
  findUnprivilegedUser,
  requireProgram,
} from "../servers/machine.ts";
import { pingRedis } from "../servers/redis.ts";
import { startServer } from "../servers/start.ts";
import { type SupervisedProcess, supervise } from "../servers/supervise.ts";

/** A Redis server without persistence, as a cache usually runs. It loses all data in a crash. */
export class RedisCacheServer {
  readonly port: number;
  #server: SupervisedProcess;

  private constructor(port: number, server: SupervisedProcess) {
    this.port = port;
    this.#server = server;
  }

  /** Starts a server on a free port. */
  static async start(): Promise<RedisCacheServer> {
    const port = await findFreePort();
    return new RedisCacheServer(port, await startRedis(port));
  }

  /** Kills the server (`kill -9`) and starts an empty server on the same port. */
  async crash(): Promise<void> {
    this.#server.signal("SIGKILL");
    await this.#server.ended;
    this.#server = await startRedis(this.port);
  }

  /** Suspends all commands for a number of milliseconds. Connections stay open. */
  async pause(milliseconds: number): Promise<void> {
    const client = createClient({ url: redisUrl(this.port) });
    await client.connect();
    await client.sendCommand(["CLIENT", "PAUSE", String(milliseconds), "ALL"]);
    client.destroy();
  }

  /** Stops the server. */
  async stop(): Promise<void> {
    await this.#server.stop();
  }
}

function redisUrl(port: number): string {
  return `redis://127.0.0.1:${port}`;
}

async function startRedis(port: number): Promise<SupervisedProcess> {
  const command = requireProgram(TEST_PROGRAMS.redis);
  const user = await findUnprivilegedUser("redis", "nobody");
  return await startServer("Redis", async () => {
    const folder = await createTemporaryFolder("redis", user);
    const settings = {
      port,
      bind: "127.0.0.1",
      dir: folder,
      save: "",
      appendonly: "no",
      logfile: "/dev/null",
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const options = {
      command,
      args,
      folder,
      log: join(folder, "redis.log"),
      endSignal: "SIGTERM",
      user,
    } as const;
    return { server: await supervise(options), url: redisUrl(port), ping: pingRedis };
  });
}
