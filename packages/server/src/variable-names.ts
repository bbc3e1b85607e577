/**
 * Environment variables of other session systems that this service also accepts. `own` is this service's variable for
 * the same setting, which takes precedence. `meaning` describes the value.
 */
const OTHER_NAMES: readonly (readonly [name: string, own: string, meaning: string])[] = [
  ["SESSION_MAX_AGE_MS", "SESSION_IDLE_TIMEOUT_MS", "the idle timeout in milliseconds"],
  ["SESSION_LIFETIME", "SESSION_IDLE_TIMEOUT_MS", "the idle timeout in minutes"],
  ["SESSION_CACHE_TTL", "SHARED_CACHE_TTL_MS", "the lifetime of copies in Redis in milliseconds"],
  ["REDIS_HOST", "REDIS_URL", "the host of the Redis for the shared cache tier"],
];

/**
 * Returns notices for the operator. For each variable that is set and belongs to another session system, one sentence
 * says how the service reads the variable, or why the service ignores it.
 *
 * @param present the names of the variables that are set.
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
