/**
 * Environment variables of other session systems that the service reads too. Each entry has the name of the service's
 * own variable, which takes precedence, and the meaning of the value.
 */
const OTHER_NAMES: readonly (readonly [name: string, own: string, meaning: string])[] = [
  ["SESSION_MAX_AGE_MS", "SESSION_IDLE_TIMEOUT_MS", "the idle timeout in milliseconds"],
  ["SESSION_LIFETIME", "SESSION_IDLE_TIMEOUT_MS", "the idle timeout in minutes"],
  ["SESSION_CACHE_TTL", "SHARED_CACHE_TTL_MS", "the lifetime of copies in Redis in milliseconds"],
  ["REDIS_HOST", "REDIS_URL", "the host of the Redis for the shared cache tier"],
];

/**
 * Describes, for each of these variables that is set, how the service reads it or why the service ignores it.
 *
 * @param present the names of the variables that are set.
 * @returns one sentence per variable.
 */
export function noticesOf(present: readonly string[]): string[] {
  const readAs = new Map<string, string>();
  return OTHER_NAMES.filter(([name]) => present.includes(name)).map(([name, own, meaning]) => {
    const preferred = present.includes(own) ? own : readAs.get(own);
    if (preferred !== undefined) return `${name} is ignored, because ${preferred} is set.`;
    readAs.set(own, name);
    return `${name} is read as ${meaning}. The service's own name for it is ${own}.`;
  });
}

/** Returns the Redis URL for `REDIS_HOST` and `REDIS_PORT`. Null without `REDIS_HOST`. */
export function redisUrlOf(variables: {
  readonly REDIS_HOST: string | null;
  readonly REDIS_PORT: string;
}): string | null {
  const { REDIS_HOST: host, REDIS_PORT } = variables;
  if (host === null) return null;
  // REDIS_PORT may be a URL that ends with the port, such as tcp://10.0.0.11:6379.
  const port = REDIS_PORT.split(":").at(-1);
  return `redis://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
