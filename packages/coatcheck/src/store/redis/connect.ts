import { CoatcheckError } from "../../session/errors.ts";
import { type KnownOptions, requireKnownOptions } from "../../session/known-options.ts";
import { warnOfShortDurations } from "../../session/short-durations.ts";
import { isReplyError, redisUnavailableError } from "./errors.ts";
import { type NodeRedisTransportOptions, nodeRedisTransport, type RedisTransport } from "./transport.ts";

/**
 * Settings that make node-redis detect a dead server. {@link connectRedis} uses them. If you create the client
 * yourself, pass them to `createClient`, to `createSentinel` as `nodeClientOptions`, or to `createCluster` as
 * `defaults`. Each call returns a new object, because the client modifies it.
 *
 * - `pingInterval` with `socketTimeout`: detect within one second that the server hangs or that the network drops
 *   packets. TCP alone needs minutes.
 * - `connectTimeout`: limits the time for opening a connection. node-redis's default: 5 s.
 * - `reconnectStrategy`: node-redis's default strategy gives up after a socket timeout, so a pause of the server would
 *   require a restart of the process.
 * - `disableOfflineQueue`: while there is no connection, a command fails immediately instead of waiting for a
 *   connection.
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

/** Options of {@link connectRedis}. */
export interface ConnectRedisOptions extends NodeRedisTransportOptions {
  /** How long to retry the first connection, in milliseconds. `Infinity` retries without limit. Default: 2000. */
  readonly connectTimeout?: number;
}

const CONNECT_OPTIONS = {
  connectTimeout: "milliseconds",
  deadline: "milliseconds",
  onNotice: "function",
} satisfies KnownOptions<ConnectRedisOptions>;

async function createClientFor(url: string) {
  const { createClient } = await import("redis");
  // The URL may contain a password. So neither the URL nor the client's error, which quotes it, is passed on.
  const invalidUrl = new CoatcheckError(
    "VALIDATION_FAILED",
    "Invalid Redis URL: it must have the form redis://host:port, rediss://host:port or unix:///path.",
  );
  // node-redis would connect to localhost if the URL is empty or missing. Usually, the application's setting is
  // missing.
  if (typeof url !== "string" || url === "") throw invalidUrl;
  try {
    return createClient({ url, ...redisClientSettings() });
  } catch {
    throw invalidUrl;
  }
}

/**
 * Connects to a stand-alone Redis with the package `redis` (node-redis 6), which the application installs. Closing the
 * transport closes the connection. When the server reports that it is not the primary, the transport connects again. It
 * therefore finds the new primary after its host name points to another server.
 *
 * @throws UsageError for an unknown option.
 * @throws CoatcheckError `VALIDATION_FAILED` when the URL is malformed; `STORE_UNAVAILABLE` when there is no connection
 *   within `connectTimeout`, with the last error as `cause`, or immediately when the server rejects the credentials.
 */
export async function connectRedis(url: string, options: ConnectRedisOptions = {}): Promise<RedisTransport> {
  requireKnownOptions("Redis connection options", options, CONNECT_OPTIONS);
  const { connectTimeout = 2000, ...transportOptions } = options;
  warnOfShortDurations("Redis connection options", "wait", { connectTimeout });
  const client = await createClientFor(url);

  let lastError: unknown = new Error(
    `Could not connect to Redis within ${connectTimeout} ms (option "connectTimeout").`,
  );
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const handleError = (error: unknown) => {
    lastError = error;
    if (["WRONGPASS", "NOAUTH", "NOPERM"].some((prefix) => isReplyError(error, prefix))) reject(error);
  };
  client.on("error", handleError);
  const timer = connectTimeout === Infinity ? undefined : setTimeout(() => reject(lastError), connectTimeout);
  try {
    await Promise.race([client.connect(), failed]);
  } catch (error) {
    client.destroy();
    throw redisUnavailableError(error);
  } finally {
    // Keep the error listener: once its last listener is removed, node-redis 6 never calls a listener that is added
    // later.
    clearTimeout(timer);
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
