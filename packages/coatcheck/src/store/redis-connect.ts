import { CoatcheckError } from "../session/errors.ts";
import { redisUnavailable, refusedWith } from "./redis-errors.ts";
import {
  type NodeRedisTransportOptions,
  nodeRedisTransport,
  type RedisTransport,
} from "./redis-transport.ts";

/**
 * The settings without which node-redis waits for a dead server, made anew on each call because the client changes
 * the object that it is given. {@link connectRedis} uses them; pass them to `createClient`, as `nodeClientOptions` to
 * `createSentinel` or as `defaults` to `createCluster` when you make the client yourself.
 *
 * - `pingInterval` with `socketTimeout`: a server that hangs, or a network that drops packets in silence, is noticed
 *   after a second. TCP alone takes minutes.
 * - `connectTimeout`: likewise for a new connection; 5 s by default.
 * - `reconnectStrategy`: the default gives up for ever after a socket timeout, so that one pause of the server would
 *   need a restart of the process.
 * - `disableOfflineQueue`: while there is no connection, a command fails at once instead of waiting for one.
 */
export function redisClientSettings() {
  return {
    pingInterval: 300,
    disableOfflineQueue: true,
    socket: {
      connectTimeout: 500,
      socketTimeout: 1000,
      reconnectStrategy: (retries: number) => Math.min(50 * 2 ** retries, 500),
    },
  };
}

export interface ConnectRedisOptions extends NodeRedisTransportOptions {
  /** Milliseconds to go on trying for the first connection; 2000 unless told otherwise, `Infinity` to wait. */
  readonly patience?: number;
}

async function createClientFor(url: string) {
  const { createClient } = await import("redis");
  // The URL may hold a password, so neither it nor the client's error, which quotes it, is passed on.
  const refusal = new CoatcheckError(
    "VALIDATION_FAILED",
    "A Redis URL is redis://host:port, rediss://host:port or unix:///path.",
  );
  // An empty one means this machine to the client, and a forgotten setting to us.
  if (url === "") throw refusal;
  try {
    return createClient({ url, ...redisClientSettings() });
  } catch {
    throw refusal;
  }
}

/**
 * Connects to a stand-alone Redis with the package `redis` (node-redis 6), which the application installs. The
 * connection belongs to the transport and ends with it.
 *
 * @throws `VALIDATION_FAILED` for a URL that is none; `STORE_UNAVAILABLE` when there was no connection within
 * `patience`, with the last failure as `cause`, or at once when the server refuses the name or password.
 */
export async function connectRedis(url: string, options: ConnectRedisOptions = {}): Promise<RedisTransport> {
  const { patience = 2000, ...transportOptions } = options;
  const client = await createClientFor(url);

  let failure: unknown = new Error("Redis accepted no connection in time.");
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const remember = (error: unknown) => {
    failure = error;
    if (["WRONGPASS", "NOAUTH", "NOPERM"].some((prefix) => refusedWith(error, prefix))) reject(error);
  };
  client.on("error", remember);
  const timer = patience === Infinity ? undefined : setTimeout(() => reject(failure), patience);
  try {
    await Promise.race([client.connect(), givenUp]);
  } catch (error) {
    client.destroy();
    throw redisUnavailable(error);
  } finally {
    clearTimeout(timer);
    client.off("error", remember);
  }

  const transport = nodeRedisTransport(client, transportOptions);
  return {
    ...transport,
    async close() {
      await transport.close();
      if (client.isOpen) client.destroy();
    },
  };
}
