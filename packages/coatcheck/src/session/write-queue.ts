import type { Committer } from "./committer.ts";
import { CoatcheckError } from "./errors.ts";
import type { SessionRecord } from "./record.ts";

/** How many writes of one session may wait in this process. */
const MAX_WAITING = 1000;
/** How many bytes of changes may wait for one session. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** How many writes one commit may take: enough for a small session, and at least a few for a large one. */
const MAX_BATCH = 100;
const MIN_BATCH = 10;
/**
 * Bytes of data that the writes of one commit may go through, each of them all data of the session. It bounds the time for
 * which a commit holds the event loop.
 */
const MAX_BATCH_BYTES = 1024 * 1024;

/** A change of data that may share a commit with others. */
export interface DataChange {
  readonly from: SessionRecord;
  /** Size of the change, bytes. */
  readonly bytes: number;
  /**
   * Returns the record with this change, or the record itself if the change no longer fits it. A change that throws fails
   * its own writer alone.
   *
   * @param current the record with the earlier changes of the same commit.
   * @param stored the stored record, the same object as `current` for the first change of a commit.
   */
  apply(current: SessionRecord, stored: SessionRecord): SessionRecord;
}

interface Waiting {
  readonly change: DataChange;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: unknown) => void;
}

/** The result of a data change. */
export interface Committed {
  readonly record: SessionRecord;
  /** False when {@link DataChange.apply} returned its argument. */
  readonly isApplied: boolean;
}

type Entry = Waiting | (() => Promise<unknown>);

interface Queue {
  readonly entries: Entry[];
  bytes: number;
  /** The newest record that this queue has stored. */
  latest: SessionRecord | null;
}

/**
 * One queue for each session that is being written in this process. Data changes that wait are applied in order and stored
 * by one compare-and-set, so n writers cost a few commits instead of n². A change of privilege runs alone: the changes
 * before it are stored with the old token's rights, those after it are checked again.
 */
export class WriteQueues<Data> {
  readonly #committer: Committer<Data>;
  readonly #queues = new Map<string, Queue>();

  constructor(committer: Committer<Data>) {
    this.#committer = committer;
  }

  /**
   * Applies a data change together with the others that wait.
   *
   * @throws CoatcheckError `RATE_LIMITED` when too many wait; what the change throws; what the store throws, for every
   *   change of the commit.
   */
  change(change: DataChange): Promise<Committed> {
    return new Promise((resolve, reject) => {
      const queue = this.#queueOf(change.from.id);
      if (queue.entries.length >= MAX_WAITING || queue.bytes + change.bytes > MAX_WAITING_BYTES) {
        const message = "Too many writes of this session are waiting; try again.";
        throw new CoatcheckError("RATE_LIMITED", message, { retryAfter: 1 });
      }
      queue.bytes += change.bytes;
      this.#push(change.from.id, queue, { change, resolve, reject });
    });
  }

  /**
   * Runs `act` after the writes that wait, and before later ones.
   *
   * @param act gets the newest record known to the queue, and returns the one that it has stored.
   */
  alone(from: SessionRecord, act: (latest: SessionRecord) => Promise<SessionRecord>): Promise<SessionRecord> {
    return new Promise((resolve, reject) => {
      const queue = this.#queueOf(from.id);
      const run = async () => {
        // Later writes start from the result. From an older record, each would cost a conflict first.
        queue.latest = await act(newest(from, queue.latest));
        return queue.latest;
      };
      this.#push(from.id, queue, () => run().then(resolve, reject));
    });
  }

  #queueOf(id: string): Queue {
    return this.#queues.get(id) ?? { entries: [], bytes: 0, latest: null };
  }

  #push(id: string, queue: Queue, entry: Entry): void {
    queue.entries.push(entry);
    if (this.#queues.has(id)) return;
    this.#queues.set(id, queue);
    void this.#drain(id, queue);
  }

  async #drain(id: string, queue: Queue): Promise<void> {
    const { entries } = queue;
    for (let entry = entries[0]; entry !== undefined; entry = entries[0]) {
      if (typeof entry === "function") {
        entries.shift();
        await entry();
      } else {
        const alone = entries.findIndex((each) => typeof each === "function");
        const present = newest(entry.change.from, queue.latest);
        const count = Math.min(alone < 0 ? entries.length : alone, batchSizeFor(present));
        const batch = entries.splice(0, count) as Waiting[];
        await this.#commit(queue, batch);
        for (const { change } of batch) queue.bytes -= change.bytes;
      }
    }
    this.#queues.delete(id);
  }

  async #commit(queue: Queue, batch: readonly Waiting[]): Promise<void> {
    let applied = new Set<Waiting>();
    const failed = new Set<Waiting>();
    const next = (stored: SessionRecord) => {
      applied = new Set();
      let current = stored;
      for (const waiting of batch) {
        if (failed.has(waiting)) continue;
        try {
          const changed = waiting.change.apply(current, stored);
          if (changed !== current) applied.add(waiting);
          current = changed;
        } catch (error) {
          failed.add(waiting);
          waiting.reject(error);
        }
      }
      return current === stored ? stored : { ...current, version: stored.version + 1 };
    };
    try {
      const from = batch.reduce((record, { change }) => newest(record, change.from), queue.latest);
      if (from === null) return;
      const record = await this.#committer.commit(from, { kind: "data" }, next);
      queue.latest = record;
      for (const waiting of batch) waiting.resolve({ record, isApplied: applied.has(waiting) });
    } catch (error) {
      // The outcome is unknown or hopeless for every change. Retrying could apply a change twice.
      for (const waiting of batch) waiting.reject(error);
    }
  }
}

/** How many writes of a session may share one commit. */
function batchSizeFor({ data }: SessionRecord): number {
  const bytes = JSON.stringify(data).length;
  return Math.max(MIN_BATCH, Math.min(MAX_BATCH, Math.floor(MAX_BATCH_BYTES / bytes)));
}

function newest(left: SessionRecord, right: SessionRecord | null): SessionRecord;
function newest(left: SessionRecord | null, right: SessionRecord): SessionRecord;
function newest(left: SessionRecord | null, right: SessionRecord | null): SessionRecord | null {
  if (left === null || right === null) return left ?? right;
  return left.version >= right.version ? left : right;
}
