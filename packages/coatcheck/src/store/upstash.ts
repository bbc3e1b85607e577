import { CoatcheckError } from "../session/errors.ts";
import { withDeadline } from "./redis-errors.ts";
import type { RedisTransport } from "./redis-transport.ts";

export { type RedisStoreOptions, redisStore } from "./redis.ts";
export type { RedisTransport } from "./redis-transport.ts";

/** The slice of `@upstash/redis` that is used: any one command. */
export interface UpstashClient {
  exec(args: [command: string, ...args: string[]]): Promise<unknown>;
}

export interface UpstashTransportOptions {
  /** Milliseconds that any one command may take; 2000 unless told otherwise: each is a request over the internet. */
  readonly deadline?: number;
}

const DEFAULT_DEADLINE = 2000;

/** The client adds the whole command to the server's words, and with it what a session holds. */
function withoutCommand(error: unknown): Error {
  if (!(error instanceof Error)) return new Error("The request to Upstash failed.");
  const [words = ""] = error.message.split(", command was:");
  return words === error.message ? error : new Error(words);
}

/**
 * A {@link RedisTransport} over Upstash's REST interface, typed by what is used of the client: nothing of
 * `@upstash/redis` is imported here. Make the client with the settings that {@link connectUpstash} names.
 *
 * REST cannot listen: `subscribe` throws, and nodes learn of revocations by polling the log alone.
 */
export function upstashTransport(
  client: UpstashClient,
  { deadline = DEFAULT_DEADLINE }: UpstashTransportOptions = {},
): RedisTransport {
  const exec = async ([command = "", ...args]: readonly string[]) => {
    const reply = client.exec([command, ...args]).catch((error: unknown) => {
      throw withoutCommand(error);
    });
    return await withDeadline(reply, deadline, command);
  };
  return {
    exec,
    async publish(channel, message) {
      await exec(["PUBLISH", channel, message]);
    },
    async subscribe() {
      throw new CoatcheckError(
        "STORE_UNAVAILABLE",
        "Upstash's REST interface cannot listen; the log is polled.",
      );
    },
    async close() {},
  };
}

export interface ConnectUpstashOptions extends UpstashTransportOptions {
  /** The REST address of the database, `https://….upstash.io`. */
  readonly url: string;
  readonly token: string;
}

/**
 * A transport to Upstash with the package `@upstash/redis`, which the application installs. No connection is made
 * before the first command. The settings, and why:
 *
 * - `automaticDeserialization: false`: what looks like JSON must come back as the text that it is.
 * - `retry: { retries: 0 }`: a write sent twice would meet its own first effect and be taken for a conflict.
 *   (`retry: false` still sends twice.)
 * - `enableTelemetry: false`.
 *
 * @throws `VALIDATION_FAILED` for a URL that is none.
 *
 * @example
 * const store = redisStore(await connectUpstash({ url, token }));
 */
export async function connectUpstash(options: ConnectUpstashOptions): Promise<RedisTransport> {
  const { url, token, deadline = DEFAULT_DEADLINE } = options;
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    throw new CoatcheckError(
      "VALIDATION_FAILED",
      "The address of an Upstash database is https://….upstash.io.",
    );
  }
  const { Redis } = await import("@upstash/redis");
  const client = new Redis({
    url,
    token,
    automaticDeserialization: false,
    enableTelemetry: false,
    retry: { retries: 0 },
    signal: () => AbortSignal.timeout(deadline),
  });
  return upstashTransport(client, { deadline });
}
