import { CoatcheckError } from "../../session/errors.ts";

/**
 * Error code of a script when a key that it needs no longer exists. Without that key, the script cannot distinguish
 * ended sessions from live ones.
 */
export const LOST_KEY_ERROR_CODE = "COATCHECKLOST";

/** Messages for operators, by the prefix of a Redis error reply. */
const ERROR_MESSAGES: Readonly<Record<string, string>> = {
  READONLY: "Redis is a read-only replica; connect to the primary.",
  OOM: "Redis is out of memory (maxmemory) and rejects writes.",
  LOADING: "Redis is still loading its data; try again shortly.",
  MISCONF: "Redis cannot save to disk and rejects writes; free disk space or fix its permissions.",
  NOREPLICAS: "Redis has too few replicas to accept writes (min-replicas-to-write).",
  MASTERDOWN: "The Redis replica has lost its primary; connect to the new primary.",
  UNBLOCKED: "Redis has become a replica; connect to the new primary.",
  CLUSTERDOWN: "The Redis cluster is down.",
  MOVED: "This Redis is a node of a cluster and does not hold the sessions; connect with createCluster.",
  TRYAGAIN: "The Redis cluster is moving the sessions' slot; try again shortly.",
  BUSY: "Redis is running a long script; try again shortly.",
  NOAUTH: "Redis requires a password; add it to the URL.",
  WRONGPASS: "Redis rejected the user name or password.",
  [LOST_KEY_ERROR_CODE]:
    "Redis has lost a key of the session store (evicted or deleted), so it cannot distinguish ended sessions from live ones; " +
    "restore a backup, or end all sessions with revoke({ everyone: true }).",
  NOPERM: "The Redis user lacks a permission; the documentation of redisStore lists the required ones.",
};

/**
 * Error codes of a server that cannot serve the store now. Its host name may already point to another server, so the
 * transport connects again. NOREPLICAS: the primary lost the connection to its replicas, and a replica may have
 * replaced it.
 */
const WRONG_SERVER_CODES = new Set([
  "READONLY",
  "MASTERDOWN",
  "UNBLOCKED",
  "LOADING",
  "NOREPLICAS",
  "CLUSTERDOWN",
  "MOVED",
]);

/**
 * The error code at the start of a reply, for example `READONLY` in `READONLY You can't write against a read only
 * replica.` Redis 6 puts the code of an error in a script behind `ERR Error running script (…): -`.
 */
function errorCodeOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  return /(?:^ERR .*-|\b)([A-Z]{3,})\b/.exec(message)?.[1] ?? "";
}

/** Whether a new connection may reach a server that accepts the command. */
export function isWrongServer(error: CoatcheckError): boolean {
  return WRONG_SERVER_CODES.has(errorCodeOf(error.cause));
}

/**
 * Whether the error is an outage, which must be reported to operators. False for error replies that callers handle,
 * such as `NOSCRIPT`.
 */
export function isOutage({ cause }: CoatcheckError): boolean {
  return (
    errorCodeOf(cause) in ERROR_MESSAGES || !(cause instanceof Error && /^[A-Z]{3,} /.test(cause.message))
  );
}

/**
 * Wraps an error of Redis or its driver in `STORE_UNAVAILABLE`. The message explains the error if its code is known.
 */
export function redisUnavailableError(cause: unknown): CoatcheckError {
  if (cause instanceof CoatcheckError) return cause;
  const message = ERROR_MESSAGES[errorCodeOf(cause)] ?? "Redis did not respond; try again shortly.";
  return new CoatcheckError("STORE_UNAVAILABLE", message, { cause });
}

/**
 * Whether the server replied with this error code (for example `NOSCRIPT`). Also looks at the cause of {@link
 * redisUnavailableError}.
 */
export function isReplyError(error: unknown, prefix: string): boolean {
  return errorCodeOf(error instanceof CoatcheckError ? error.cause : error) === prefix;
}

/** Whether the server does not know the command. For example, Redis 6 does not know `SPUBLISH`. */
export function isUnknownCommand(error: unknown): boolean {
  const reply = error instanceof CoatcheckError ? error.cause : error;
  return reply instanceof Error && /unknown (sub)?command/i.test(reply.message);
}

/**
 * Waits for `work` for at most `deadline` milliseconds. A command that missed its deadline may still take effect.
 *
 * When this process itself was suspended (a long garbage collection, a paused machine), it wakes up with the timer due
 * and the response unread. Two turns of the event loop let it read the response first, so that a pause of this process
 * is not mistaken for a pause of the server.
 *
 * @param what - the command, for the message.
 * @throws CoatcheckError `STORE_UNAVAILABLE` at the deadline, or with the error of `work` as `cause`.
 */
export function withDeadline<T>(work: Promise<T>, deadline: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () =>
      reject(redisUnavailableError(new Error(`Redis did not respond to ${what} within ${deadline} ms.`)));
    const timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), deadline);
    work
      .then(resolve, (error: unknown) => reject(redisUnavailableError(error)))
      .finally(() => clearTimeout(timer));
  });
}
