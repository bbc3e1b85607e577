import type { RedisTransport } from "coatcheck/store/redis";
import type { JobRun, JobState, JobStore } from "./store.ts";

/** Begins like the keys of the session store, so that the Redis user needs no additional permission. */
const KEY_PREFIX = "{coatcheck}:job:";

/** KEYS: lease. ARGV: holder, milliseconds. */
const ACQUIRE_LEASE = `local holder = redis.call("GET", KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
return 1`;

/** KEYS: lease, last run. ARGV: holder, run. */
const RECORD_RUN = `redis.call("SET", KEYS[2], ARGV[2])
if redis.call("GET", KEYS[1]) == ARGV[1] then redis.call("DEL", KEYS[1]) end
return 1`;

/** A job store in Redis or Upstash. */
export class RedisJobStore implements JobStore {
  readonly #transport: RedisTransport;

  /** @param transport `close` closes it. */
  constructor(transport: RedisTransport) {
    this.#transport = transport;
  }

  async acquireLease(name: string, holder: string, duration: number): Promise<boolean> {
    const acquired = await this.#transport.exec([
      "EVAL",
      ACQUIRE_LEASE,
      "1",
      leaseKey(name),
      holder,
      String(duration),
    ]);
    return Number(acquired) === 1;
  }

  async recordRun(name: string, holder: string, run: JobRun): Promise<void> {
    const keys = [leaseKey(name), runKey(name)];
    await this.#transport.exec(["EVAL", RECORD_RUN, "2", ...keys, holder, JSON.stringify(run)]);
  }

  async read(name: string): Promise<JobState> {
    const reply = await this.#transport.exec(["MGET", leaseKey(name), runKey(name)]);
    const [holder, lastRun] = reply as (string | null)[];
    return { isRunning: Boolean(holder), lastRun: lastRun ? JSON.parse(lastRun) : null };
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }
}

function leaseKey(name: string): string {
  return `${KEY_PREFIX}${name}:lease`;
}

function runKey(name: string): string {
  return `${KEY_PREFIX}${name}:run`;
}
