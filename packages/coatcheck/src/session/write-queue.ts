import type { Committer } from "./committer.ts";
import { CoatcheckError } from "./errors.ts";
import { sizeOf } from "./json-size.ts";
import { LoopTurn } from "./loop-turn.ts";
import type { SessionRecord } from "./record.ts";

/** How many writes of one session may wait in this process. */
const MAX_WAITING_WRITES = 1000;
/** How many bytes of changes may wait for one session in this process. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/**
 * Maximum number of writes of a small session that one commit stores. A commit of a large session stores fewer writes,
 * but may always store {@link MIN_BATCH_WRITES}.
 */
const MAX_BATCH_WRITES = 100;
const MIN_BATCH_WRITES = 10;
/**
 * Maximum number of bytes that one commit processes. Each write of a commit copies the members of the session's data.
 * So this limits how long other writers wait for the commit.
 */
const MAX_BATCH_BYTES = 1024 * 1024;

/** A change of data that can be stored in one commit with other changes. */
export interface QueuedChange {
  readonly from: SessionRecord;
  /** Size of the change, bytes. */
  readonly bytes: number;
  /**
   * Returns the changed record, or `current` itself if the change can no longer be applied. An error rejects only the
   * writer of this change.
   *
   * @param current the record, including the earlier changes of the same commit.
   * @param stored the stored record. For the first change of a commit it is the same object as `current`.
   */
  apply(current: SessionRecord, stored: SessionRecord): SessionRecord;
}

interface WaitingChange {
  readonly change: QueuedChange;
  readonly resolve: (committed: CommittedChange) => void;
  readonly reject: (error: unknown) => void;
}

/** The result of {@link WriteQueues.change}. */
export interface CommittedChange {
  readonly record: SessionRecord;
  /** Whether the change was stored. False if {@link QueuedChange.apply} returned its argument. */
  readonly isApplied: boolean;
}

type QueueEntry = WaitingChange | (() => Promise<unknown>);

interface SessionQueue {
  readonly entries: QueueEntry[];
  bytes: number;
  /** The newest record that this queue has stored. */
  latest: SessionRecord | null;
}

/**
 * Keeps a queue of writes for each session that this process is writing. Waiting data changes are applied in order and
 * stored by one compare-and-set, so n writers need a few commits instead of n². A change of privilege runs alone:
 * earlier changes are stored with the rights of the older token, and later changes are checked again.
 */
export class WriteQueues<Data> {
  readonly #committer: Committer<Data>;
  readonly #queues = new Map<string, SessionQueue>();

  constructor(committer: Committer<Data>) {
    this.#committer = committer;
  }

  /**
   * Queues a data change. It is stored together with other waiting changes.
   *
   * @throws CoatcheckError `RATE_LIMITED` when too many changes wait; the error of the change; an error of the store,
   *   for every change of the commit.
   */
  change(change: QueuedChange): Promise<CommittedChange> {
    return new Promise((resolve, reject) => {
      const queue = this.#queueOf(change.from.id);
      if (queue.entries.length >= MAX_WAITING_WRITES || queue.bytes + change.bytes > MAX_WAITING_BYTES) {
        const message = "Too many writes of this session are waiting; try again.";
        throw new CoatcheckError("RATE_LIMITED", message, { retryAfter: 1 });
      }
      queue.bytes += change.bytes;
      this.#push(change.from.id, queue, { change, resolve, reject });
    });
  }

  /**
   * Runs `act` after the waiting writes, and before later writes.
   *
   * @param act receives the newest record that the queue knows, and returns the record that it has stored.
   */
  runAlone(
    from: SessionRecord,
    act: (latest: SessionRecord) => Promise<SessionRecord>,
  ): Promise<SessionRecord> {
    return new Promise((resolve, reject) => {
      const queue = this.#queueOf(from.id);
      const run = async () => {
        // Later writes start from this record. Starting from an older record would cause a conflict for each of them.
        queue.latest = await act(newestRecord(from, queue.latest));
        return queue.latest;
      };
      this.#push(from.id, queue, () => run().then(resolve, reject));
    });
  }

  #queueOf(id: string): SessionQueue {
    return this.#queues.get(id) ?? { entries: [], bytes: 0, latest: null };
  }

  #push(id: string, queue: SessionQueue, entry: QueueEntry): void {
    queue.entries.push(entry);
    if (this.#queues.has(id)) return;
    this.#queues.set(id, queue);
    void this.#drain(id, queue);
  }

  async #drain(id: string, queue: SessionQueue): Promise<void> {
    const { entries } = queue;
    const turn = new LoopTurn();
    for (let entry = entries[0]; entry !== undefined; entry = entries[0]) {
      if (typeof entry === "function") {
        entries.shift();
        await entry();
      } else {
        const alone = entries.findIndex((each) => typeof each === "function");
        const present = newestRecord(entry.change.from, queue.latest);
        const count = Math.min(alone < 0 ? entries.length : alone, batchSizeFor(present));
        const batch = entries.splice(0, count) as WaitingChange[];
        await this.#commit(queue, batch, turn);
        for (const { change } of batch) queue.bytes -= change.bytes;
        if (entries.length > 0 && turn.isLong) await turn.end();
      }
    }
    this.#queues.delete(id);
  }

  async #commit(queue: SessionQueue, batch: readonly WaitingChange[], turn: LoopTurn): Promise<void> {
    let applied = new Set<WaitingChange>();
    const failed = new Set<WaitingChange>();
    const next = async (stored: SessionRecord) => {
      applied = new Set();
      let current = stored;
      for (const waiting of batch) {
        if (failed.has(waiting)) continue;
        if (turn.isLong) await turn.end();
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
      const from = batch.reduce((record, { change }) => newestRecord(record, change.from), queue.latest);
      if (from === null) return;
      const record = await this.#committer.commit(from, { kind: "data" }, next);
      queue.latest = record;
      for (const waiting of batch) waiting.resolve({ record, isApplied: applied.has(waiting) });
    } catch (error) {
      // Reject every change: the store may or may not have written, and a retry could apply a change twice.
      for (const waiting of batch) waiting.reject(error);
    }
  }
}

/** How many writes of a session may share one commit. */
function batchSizeFor({ data }: SessionRecord): number {
  const writes = Math.floor(MAX_BATCH_BYTES / sizeOf(data));
  return Math.max(MIN_BATCH_WRITES, Math.min(MAX_BATCH_WRITES, writes));
}

function newestRecord(left: SessionRecord, right: SessionRecord | null): SessionRecord;
function newestRecord(left: SessionRecord | null, right: SessionRecord): SessionRecord;
function newestRecord(left: SessionRecord | null, right: SessionRecord | null): SessionRecord | null {
  if (left === null || right === null) return left ?? right;
  return left.version >= right.version ? left : right;
}
