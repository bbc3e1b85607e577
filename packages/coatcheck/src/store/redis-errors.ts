import { CoatcheckError } from "../session/errors.ts";

/** What a Redis reply prefix means to whoever runs the service. */
const MEANINGS: Readonly<Record<string, string>> = {
  READONLY: "Redis is a read-only replica; connect to the primary.",
  OOM: "Redis is out of memory (maxmemory); writes are refused.",
  LOADING: "Redis is still loading its data; try again shortly.",
  MISCONF: "Redis cannot save to disk and refuses to work until it can.",
  NOREPLICAS: "Redis has too few replicas to accept writes (min-replicas-to-write).",
  MASTERDOWN: "Redis has lost its primary.",
  CLUSTERDOWN: "The Redis cluster is down.",
  TRYAGAIN: "The Redis cluster is moving the sessions' slot; try again shortly.",
  BUSY: "Redis is busy with somebody else's script.",
  NOAUTH: "Redis wants a password.",
  WRONGPASS: "Redis refuses the name or password.",
  NOPERM: "The Redis user may not do this; the documentation of redisStore lists the rights.",
};

/** The first word of a reply such as `READONLY You can't write against a read only replica.` */
function prefixOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  return /\b([A-Z]{3,})\b/.exec(message)?.[1] ?? "";
}

/** `STORE_UNAVAILABLE`, saying what is the matter when the server's own words tell. */
export function redisUnavailable(cause: unknown): CoatcheckError {
  if (cause instanceof CoatcheckError) return cause;
  const message = MEANINGS[prefixOf(cause)] ?? "Redis did not answer; try again shortly.";
  return new CoatcheckError("STORE_UNAVAILABLE", message, { cause });
}

/** Whether the server itself refused, with this prefix (`NOSCRIPT`); looks through {@link redisUnavailable}. */
export function refusedWith(error: unknown, prefix: string): boolean {
  return prefixOf(error instanceof CoatcheckError ? error.cause : error) === prefix;
}

/** Whether the server does not know the command: `SPUBLISH` is no older than Redis 7. */
export function isUnknownCommand(error: unknown): boolean {
  const reply = error instanceof CoatcheckError ? error.cause : error;
  return reply instanceof Error && /unknown (sub)?command/i.test(reply.message);
}

/**
 * Waits for `work`, at most `deadline` milliseconds, then gives up with `STORE_UNAVAILABLE`. What was sent may
 * still take effect.
 *
 * A process that was itself stopped (a long collection, a suspended machine) wakes up with the timer due and the
 * answer unread: one turn of the event loop is granted, so that its own pause is not taken for the server's.
 */
export function withDeadline<T>(work: Promise<T>, deadline: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () =>
      reject(redisUnavailable(new Error(`Redis did not answer ${what} within ${deadline} ms.`)));
    const timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), deadline);
    work
      .then(resolve, (error: unknown) => reject(redisUnavailable(error)))
      .finally(() => clearTimeout(timer));
  });
}
