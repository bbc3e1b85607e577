/**
 * The Redis store over Upstash's REST interface, through the `@upstash/redis` package, for platforms that allow only
 * HTTPS.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { connectUpstash, redisStore } from "coatcheck/store/upstash";
 *
 * const { UPSTASH_URL = "", UPSTASH_TOKEN = "" } = process.env;
 * const store = redisStore(await connectUpstash({ url: UPSTASH_URL, token: UPSTASH_TOKEN }));
 * const sessions = new SessionManager({ store, secrets: ["a long random secret"] });
 * const { token } = await sessions.create({ subject: "user-7" });
 *
 * @module
 */
import { CoatcheckError } from "../../session/errors.ts";
import { type KnownOptions, requireKnownOptions } from "../../session/known-options.ts";
import { warnOfShortDurations } from "../../session/short-durations.ts";
import { withDeadline } from "./errors.ts";
import type { RedisTransport } from "./transport.ts";

export { type RedisStoreOptions, redisStore } from "./store.ts";
export type { RedisTransport } from "./transport.ts";

/** The method of the `@upstash/redis` client that the transport uses. */
export interface UpstashClient {
  exec(args: [command: string, ...args: string[]]): Promise<unknown>;
}

/** Options of {@link upstashTransport}. */
export interface UpstashTransportOptions {
  /** How long one command may take, in milliseconds. Each command is a request over the internet. Default: 2000. */
  readonly deadline?: number;
}

const TRANSPORT_OPTIONS = { deadline: "milliseconds" } satisfies KnownOptions<UpstashTransportOptions>;

const DEFAULT_DEADLINE = 2000;

/** Removes the command that the client appends to the server's error. The command contains session data. */
function withoutCommand(error: unknown): Error {
  if (!(error instanceof Error)) return new Error("The request to Upstash failed.");
  const [serverMessage = ""] = error.message.split(", command was:");
  return serverMessage === error.message ? error : new Error(serverMessage);
}

/**
 * Creates a {@link RedisTransport} over Upstash's REST interface. The type of the client lists only the method that the
 * transport uses, so this function does not import `@upstash/redis`. Create the client with the settings that {@link
 * connectUpstash} lists.
 *
 * REST has no subscriptions: `subscribe` throws, and processes learn of revocations only by polling the log.
 *
 * @throws UsageError for an unknown option.
 */
export function upstashTransport(
  client: UpstashClient,
  options: UpstashTransportOptions = {},
): RedisTransport {
  requireKnownOptions("Upstash transport options", options, TRANSPORT_OPTIONS);
  const { deadline = DEFAULT_DEADLINE } = options;
  warnOfShortDurations("Upstash transport options", "wait", { deadline });
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
        "Upstash's REST interface does not support subscriptions; poll the log instead.",
      );
    },
    async close() {},
  };
}

/** Options of {@link connectUpstash}. */
export interface ConnectUpstashOptions extends UpstashTransportOptions {
  /** REST URL of the database, `https://….upstash.io`. */
  readonly url: string;
  /** REST token of the database. */
  readonly token: string;
}

const CONNECT_OPTIONS = {
  url: true,
  token: true,
  deadline: "milliseconds",
} satisfies KnownOptions<ConnectUpstashOptions>;

/**
 * Creates a transport to Upstash with the package `@upstash/redis`, which the application installs. It sends no request
 * before the first command. It sets these client options:
 *
 * - `automaticDeserialization: false`: strings that look like JSON must stay strings.
 * - `retry: { retries: 0 }`: a write that is sent twice would conflict with itself. (`retry: false` still sends a
 *   command twice.)
 * - `enableTelemetry: false`.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` when the URL is malformed.
 * @throws UsageError for an unknown option.
 *
 * @example
 * const store = redisStore(await connectUpstash({ url, token }));
 */
export async function connectUpstash(options: ConnectUpstashOptions): Promise<RedisTransport> {
  requireKnownOptions("Upstash connection options", options, CONNECT_OPTIONS);
  const { url, token, deadline = DEFAULT_DEADLINE } = options;
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    throw new CoatcheckError(
      "VALIDATION_FAILED",
      "Invalid Upstash URL: it must have the form https://….upstash.io.",
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
