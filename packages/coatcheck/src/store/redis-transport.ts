import { isUnknownCommand, withDeadline } from "./redis-errors.ts";

/**
 * All that Coatcheck asks of Redis. A client library becomes usable by these four functions; nothing else of it
 * is touched.
 *
 * What comes back is what RESP2, RESP3 and Upstash's JSON carry alike: strings, integers, null, and arrays of
 * them. Our scripts answer in nothing else, because maps, doubles and booleans differ between the three.
 */
export interface RedisTransport {
  /**
   * Sends one command. In a cluster it goes to the node of its first key.
   *
   * @throws `STORE_UNAVAILABLE` for everything that can go wrong, the server's or driver's error as `cause`. After
   * a missed deadline the command may still take effect.
   */
  exec(args: readonly string[]): Promise<unknown>;
  /** Sends a message to whoever listens now; sharded (`SPUBLISH`) where the server can, Redis 7 and later. */
  publish(channel: string, message: string): Promise<void>;
  /**
   * Listens until the returned function is called. Messages may be lost, above all around a reconnection: use them
   * to hurry, never to be right.
   */
  subscribe(channel: string, listener: (message: string) => void): Promise<() => Promise<void>>;
  /** Ends the connections that the transport opened itself. Calling it twice is no error. */
  close(): Promise<void>;
}

/** node-redis types some of its listeners for buffers too; we ask for none. */
type Listener = (message: string | Uint8Array) => void;

/** The slice of pub/sub that the three clients of node-redis share. */
interface NodeRedisPubSub {
  subscribe(channel: string, listener: Listener): Promise<unknown>;
  unsubscribe(channel: string, listener: Listener): Promise<unknown>;
  sSubscribe(channel: string, listener: Listener): Promise<unknown>;
  sUnsubscribe(channel: string, listener: Listener): Promise<unknown>;
  on(event: "error", listener: (error: unknown) => void): unknown;
}

/** `createClient()` of node-redis. */
export interface NodeRedisClient extends NodeRedisPubSub {
  sendCommand(args: readonly string[]): Promise<unknown>;
  duplicate(): NodeRedisClient;
  connect(): Promise<unknown>;
  destroy(): unknown;
}

/** `createSentinel()` of node-redis. */
export interface NodeRedisSentinel extends NodeRedisPubSub {
  sendCommand(isReadonly: boolean, args: string[]): Promise<unknown>;
  getSentinelNode(): unknown;
}

/** `createCluster()` of node-redis. */
export interface NodeRedisCluster extends NodeRedisPubSub {
  sendCommand(firstKey: string | undefined, isReadonly: boolean, args: string[]): Promise<unknown>;
  readonly slots: unknown;
}

export type NodeRedis = NodeRedisClient | NodeRedisSentinel | NodeRedisCluster;

export interface NodeRedisTransportOptions {
  /**
   * Milliseconds that any one command may take; 500 unless told otherwise, a quarter of the default staleness bound,
   * so that a poll that hangs leaves time for others within it. node-redis has no such limit of its own: a command
   * in flight to a stopped server was still pending after 20 s, whatever its `timeout` option said.
   */
  readonly deadline?: number;
}

const DEFAULT_DEADLINE = 500;

/** Commands without a key; the rest have it first, after the number of keys in a script's case. */
const KEYLESS = new Set(["PING", "INFO", "TIME", "SCRIPT", "CONFIG", "CLIENT", "PUBLISH"]);

function firstKey(args: readonly string[]): string | undefined {
  const command = args[0] ?? "";
  if (command.startsWith("EVAL")) return args[2] === "0" ? undefined : args[3];
  return KEYLESS.has(command) ? undefined : args[1];
}

function sender(client: NodeRedis): (args: readonly string[]) => Promise<unknown> {
  if ("slots" in client) return (args) => client.sendCommand(firstKey(args), false, [...args]);
  if ("getSentinelNode" in client) return (args) => client.sendCommand(false, [...args]);
  return (args) => client.sendCommand(args);
}

/**
 * A {@link RedisTransport} over a connected node-redis 6 client, stand-alone, Sentinel or Cluster, typed by what is
 * used of it: nothing of `redis` is imported here. The client stays the caller's, to configure
 * (see `redisClientSettings`) and to close.
 *
 * @example
 * const client = createCluster({ rootNodes, defaults: redisClientSettings() });
 * await client.connect();
 * const transport = nodeRedisTransport(client);
 */
export function nodeRedisTransport(
  client: NodeRedis,
  { deadline = DEFAULT_DEADLINE }: NodeRedisTransportOptions = {},
): RedisTransport {
  const send = sender(client);
  const exec = (args: readonly string[]) => withDeadline(send(args), deadline, args[0] ?? "");
  // Node ends a process whose emitter has no listener for "error"; an outage is told through exec instead.
  const ignore = () => {};
  client.on("error", ignore);

  // Under RESP2 a stand-alone connection that subscribes can do nothing else; the other two see to it themselves.
  let subscriber: Promise<NodeRedisPubSub> | undefined;
  let ownConnection: NodeRedisClient | undefined;
  const connectSubscriber = async (): Promise<NodeRedisPubSub> => {
    if (!("duplicate" in client) || "slots" in client || "getSentinelNode" in client) return client;
    const duplicate = client.duplicate();
    duplicate.on("error", ignore);
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
      const hear = (message: string | Uint8Array) => listener(String(message));
      if (sharded) {
        try {
          await withDeadline(pubSub.sSubscribe(channel, hear), deadline, "SSUBSCRIBE");
          return async () => {
            await withDeadline(pubSub.sUnsubscribe(channel, hear), deadline, "SUNSUBSCRIBE");
          };
        } catch (error) {
          if (!isUnknownCommand(error)) throw error;
          sharded = false;
        }
      }
      await withDeadline(pubSub.subscribe(channel, hear), deadline, "SUBSCRIBE");
      return async () => {
        await withDeadline(pubSub.unsubscribe(channel, hear), deadline, "UNSUBSCRIBE");
      };
    },
    async close() {
      subscriber = undefined;
      ownConnection?.destroy();
      ownConnection = undefined;
    },
  };
}
