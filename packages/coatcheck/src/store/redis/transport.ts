import type { CoatcheckError } from "../../session/errors.ts";
import { type KnownOptions, requireKnownOptions } from "../../session/known-options.ts";
import { warnOfShortDurations } from "../../session/short-durations.ts";
import { type NoticeListener, OutageReporter } from "../notice.ts";
import { isOutage, isUnknownCommand, isWrongServer, redisUnavailableError, withDeadline } from "./errors.ts";

/**
 * The operations that Coatcheck needs from a Redis client. Implement these four functions to use another client
 * library.
 *
 * Replies contain only what RESP2, RESP3 and Upstash's JSON have in common: strings, integers, null, and arrays of
 * them. The scripts return nothing else, because maps, doubles and booleans differ between the three.
 */
export interface RedisTransport {
  /**
   * Sends one command and returns its reply. In a cluster, the command goes to the node of its first key. A command
   * that missed its deadline may still take effect.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` for every failure, with the server's or driver's error as `cause`.
   */
  exec(args: readonly string[]): Promise<unknown>;
  /**
   * Publishes a message to the current subscribers: sharded (`SPUBLISH`) if the server supports it (Redis 7 and
   * later).
   */
  publish(channel: string, message: string): Promise<void>;
  /**
   * Subscribes to a channel until the returned function is called. Messages may be lost, especially during a
   * reconnection. So correctness must not depend on messages.
   */
  subscribe(channel: string, listener: (message: string) => void): Promise<() => Promise<void>>;
  /** Closes the connections that the transport opened itself. More calls of `close` have no effect. */
  close(): Promise<void>;
}

/** In the types of node-redis, some listeners also receive buffers. The transport never requests buffers. */
type MessageListener = (message: string | Uint8Array) => void;

/** The publish/subscribe methods that the three clients of node-redis share. */
interface NodeRedisPubSub {
  subscribe(channel: string, listener: MessageListener): Promise<unknown>;
  unsubscribe(channel: string, listener: MessageListener): Promise<unknown>;
  sSubscribe(channel: string, listener: MessageListener): Promise<unknown>;
  sUnsubscribe(channel: string, listener: MessageListener): Promise<unknown>;
  on(event: "error" | "ready", listener: (error: unknown) => void): unknown;
}

/** The methods of node-redis's `createClient()` that the transport uses. */
export interface NodeRedisClient extends NodeRedisPubSub {
  sendCommand(args: readonly string[]): Promise<unknown>;
  duplicate(): NodeRedisClient;
  connect(): Promise<unknown>;
  destroy(): unknown;
}

/** The methods of node-redis's `createSentinel()` that the transport uses. */
export interface NodeRedisSentinel extends NodeRedisPubSub {
  sendCommand(isReadonly: boolean, args: string[]): Promise<unknown>;
  getSentinelNode(): unknown;
}

/** The methods of node-redis's `createCluster()` that the transport uses. */
export interface NodeRedisCluster extends NodeRedisPubSub {
  sendCommand(firstKey: string | undefined, isReadonly: boolean, args: string[]): Promise<unknown>;
  readonly slots: unknown;
}

/** A node-redis client: stand-alone, Sentinel or Cluster. */
export type NodeRedis = NodeRedisClient | NodeRedisSentinel | NodeRedisCluster;

/** Options of {@link nodeRedisTransport}. */
export interface NodeRedisTransportOptions {
  /**
   * How long one command may take, in milliseconds. The default is a quarter of the default staleness bound, so that
   * after a hung poll there is time for more polls within the bound. node-redis has no such limit: a command to a
   * stopped server was still pending after 20 s, whatever its `timeout` option was. Default: 500.
   */
  readonly deadline?: number;
  /**
   * Receives a notice when the server rejects commands for a reason that an operator should know (it is a read-only
   * replica, is loading its data, is out of memory, and so on), and when it accepts commands again. Default: a process
   * warning.
   */
  readonly onNotice?: NoticeListener;
}

const TRANSPORT_OPTIONS = {
  deadline: "milliseconds",
  onNotice: "function",
} satisfies KnownOptions<NodeRedisTransportOptions>;

/** Minimum milliseconds between two reconnections after errors such as READONLY, to limit the load on the server. */
const RECONNECT_INTERVAL = 500;

/** Ignores events and results that no caller waits for. */
const ignoreResult = () => {};

const DEFAULT_DEADLINE = 500;

/** Commands without a key. For all others, the first argument is the key, or the number of keys for scripts. */
const KEYLESS_COMMANDS = new Set(["PING", "INFO", "TIME", "SCRIPT", "CONFIG", "CLIENT", "PUBLISH"]);

function firstKey(args: readonly string[]): string | undefined {
  const command = args[0] ?? "";
  if (command.startsWith("EVAL")) return args[2] === "0" ? undefined : args[3];
  return KEYLESS_COMMANDS.has(command) ? undefined : args[1];
}

function createSender(client: NodeRedis): (args: readonly string[]) => Promise<unknown> {
  if ("slots" in client) return (args) => client.sendCommand(firstKey(args), false, [...args]);
  if ("getSentinelNode" in client) return (args) => client.sendCommand(false, [...args]);
  return (args) => client.sendCommand(args);
}

function isStandAlone(client: NodeRedis): client is NodeRedisClient {
  return "duplicate" in client && !("slots" in client) && !("getSentinelNode" in client);
}

/**
 * Makes a client connect again, to whatever server its host name points to now. `QUIT` makes the server close the
 * connection; the client then reconnects as after any other loss, and subscribes again.
 */
function reconnect(client: NodeRedisClient): void {
  client.sendCommand(["QUIT"]).catch(ignoreResult);
}

/**
 * Creates the function that sends commands. It also reports outages, and reconnects a stand-alone client when its
 * server is no longer the primary.
 */
function createExec(
  client: NodeRedis,
  { deadline = DEFAULT_DEADLINE, onNotice }: NodeRedisTransportOptions,
  isClosed: () => boolean,
): RedisTransport["exec"] {
  const send = createSender(client);
  const outages = new OutageReporter("Redis", onNotice);
  /**
   * Commands that were rejected. A replica still accepts reads, so the server has recovered only when one of these
   * commands succeeds.
   */
  const rejected = new Set<string>();
  let reconnectedAt = Number.NEGATIVE_INFINITY;
  /** The error that made this transport reconnect; null once the client is connected again. */
  let reconnecting: CoatcheckError | null = null;
  if (isStandAlone(client)) {
    client.on("ready", () => {
      reconnecting = null;
    });
  }
  return async (args) => {
    const [command = ""] = args;
    try {
      const reply = await withDeadline(send(args), deadline, command);
      if (rejected.has(command)) outages.recordSuccess();
      return reply;
    } catch (cause) {
      const error = redisUnavailableError(cause);
      if (!isOutage(error) || isClosed()) throw error;
      rejected.add(command);
      if (isWrongServer(error) && isStandAlone(client)) {
        if (performance.now() - reconnectedAt >= RECONNECT_INTERVAL) {
          reconnectedAt = performance.now();
          reconnecting = error;
          reconnect(client);
        }
        outages.recordFailure(`${error.message} Reconnecting.`, error.cause);
        throw error;
      }
      // The commands in flight fail because the transport reconnects. Throw the error that made it reconnect.
      if (reconnecting) throw reconnecting;
      outages.recordFailure(error.message, error.cause);
      throw error;
    }
  };
}

/**
 * Creates a {@link RedisTransport} on a connected node-redis 6 client: stand-alone, Sentinel or Cluster. The type of
 * the client lists only the methods that the transport uses, so this module does not import `redis`. The caller
 * configures the client (see `redisClientSettings`) and closes it.
 *
 * @throws UsageError for an unknown option.
 *
 * @example
 * const client = createCluster({ rootNodes, defaults: redisClientSettings() });
 * await client.connect();
 * const transport = nodeRedisTransport(client);
 */
export function nodeRedisTransport(
  client: NodeRedis,
  options: NodeRedisTransportOptions = {},
): RedisTransport {
  requireKnownOptions("Redis transport options", options, TRANSPORT_OPTIONS);
  const { deadline = DEFAULT_DEADLINE } = options;
  warnOfShortDurations("Redis transport options", "wait", { deadline });
  let isClosed = false;
  const exec = createExec(client, options, () => isClosed);
  // Without a listener for "error", Node ends the process. Callers learn of an outage from exec.
  client.on("error", ignoreResult);

  // Under RESP2 a subscribed stand-alone connection accepts no other commands. Sentinel and Cluster clients handle that
  // themselves.
  let subscriber: Promise<NodeRedisPubSub> | undefined;
  let ownConnection: NodeRedisClient | undefined;
  const connectSubscriber = async (): Promise<NodeRedisPubSub> => {
    if (!isStandAlone(client)) return client;
    const duplicate = client.duplicate();
    duplicate.on("error", ignoreResult);
    ownConnection = duplicate;
    try {
      await withDeadline(duplicate.connect(), deadline, "CONNECT");
    } catch (error) {
      duplicate.destroy();
      subscriber = undefined;
      throw error;
    }
    return duplicate;
  };

  // After a failover, the old server may still accept the subscription but gets no new messages. So when the client has
  // reconnected, reconnect the subscriber too.
  if (isStandAlone(client)) {
    client.on("ready", () => {
      if (ownConnection) reconnect(ownConnection);
    });
  }

  let sharded = true;
  return {
    exec,
    async publish(channel, message) {
      if (sharded) {
        try {
          await exec(["SPUBLISH", channel, message]);
          return;
        } catch (error) {
          if (!isUnknownCommand(error)) throw error;
          sharded = false;
        }
      }
      await exec(["PUBLISH", channel, message]);
    },
    async subscribe(channel, listener) {
      subscriber ??= connectSubscriber();
      const pubSub = await subscriber;
      const receive = (message: string | Uint8Array) => listener(String(message));
      if (sharded) {
        try {
          await withDeadline(pubSub.sSubscribe(channel, receive), deadline, "SSUBSCRIBE");
          return async () => {
            await withDeadline(pubSub.sUnsubscribe(channel, receive), deadline, "SUNSUBSCRIBE");
          };
        } catch (error) {
          if (!isUnknownCommand(error)) throw error;
          sharded = false;
        }
      }
      await withDeadline(pubSub.subscribe(channel, receive), deadline, "SUBSCRIBE");
      return async () => {
        await withDeadline(pubSub.unsubscribe(channel, receive), deadline, "UNSUBSCRIBE");
      };
    },
    async close() {
      isClosed = true;
      subscriber = undefined;
      ownConnection?.destroy();
      ownConnection = undefined;
    },
  };
}
