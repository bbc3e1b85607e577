import { CoatcheckError } from "../../session/errors.ts";
import type { CountedKind, VisitEvent } from "../event.ts";
import type { EventQueue } from "../event-queue.ts";
import type { EventBatch } from "../sink.ts";
import { sinkUnavailableError } from "../sink-error.ts";
import { Alarm } from "./alarm.ts";
import { Backlog, type BacklogEntry } from "./backlog.ts";
import { DocumentCounter } from "./document-counter.ts";
import { PendingFlushes } from "./flushes.ts";
import { keepProcessAlive } from "./keep-process-alive.ts";
import { type EventQueueOptions, type QueueSettings, readQueueOptions } from "./options.ts";
import { QueueEmitter } from "./queue-events.ts";
import type { QueueStats } from "./queue-stats.ts";
import { RetryDelay } from "./retry-delay.ts";
import { Spill } from "./spill.ts";
import { uuidV7Source } from "./uuid-v7.ts";

/** Maximum number of events that one turn of the event loop writes to disk. */
const SPILL_SLICE_SIZE = 500;

/**
 * The queue between requests and the sink. By default, a batch has at most 1,000 events and is written after at most
 * 200 ms. One write is in flight at a time. A failed write is retried after 200 ms; the delay doubles up to 10 s, with
 * jitter. Delivery is at least once: sinks ignore the ids that they have stored.
 *
 * **What a crash loses.** `kill -9` loses the events that are neither in the sink nor in the spill (the queue's files
 * on disk). With a spill, it loses at most the events of the last two batch intervals: a write begins after one
 * interval, and if the sink is slow, the queue writes a copy to the spill after another interval. During an outage it
 * loses the events of the last interval. Without a spill, it loses everything in memory. A power failure also loses
 * data that the operating system had not written to disk; if an event must survive that, await {@link
 * IngestQueue.trackDurably}.
 *
 * Writes to the spill are synchronous: {@link track} must not wait, and the memory must not grow. 100 events take about
 * a millisecond, and one turn of the event loop writes at most 500 events.
 */
export class IngestQueue extends QueueEmitter implements EventQueue {
  readonly #settings: QueueSettings;
  readonly #backlog: Backlog;
  readonly #spill: Spill | null;
  readonly #counter: DocumentCounter;
  readonly #batchAlarm: Alarm;
  readonly #retryAlarm: Alarm;
  readonly #retryDelay: RetryDelay;
  readonly #flushes = new PendingFlushes();
  /** Number of entries that were added to the backlog, and number of entries that have left it, since the start. */
  #acceptedCount: number;
  #finishedCount = 0;
  #delivered = 0;
  #dropped = 0;
  #isDropping = false;
  #lastError: unknown = null;
  #outageAt: number | null = null;
  #writeInFlight: Promise<void> | null = null;
  /** Whether the write in flight has lasted longer than a batch interval. */
  #isSlow = false;
  /** Whether a batch became due during the write in flight. */
  #isDue = false;
  #state: "open" | "closing" | "closed" = "open";
  #closing: Promise<void> | null = null;

  /** Call {@link createEventQueue} instead. */
  constructor(options: EventQueueOptions) {
    super();
    const settings = readQueueOptions(options);
    const { clock, schedule, random, maxEvents } = settings;
    this.#settings = settings;
    this.#counter = new DocumentCounter(clock, uuidV7Source({ clock, random }));
    this.#spill = openSpill(settings);
    this.#backlog = new Backlog({
      spill: this.#spill,
      maxEntries: maxEvents,
      onError: (error) => {
        this.#lastError = error;
      },
    });
    this.#retryDelay = new RetryDelay(random);
    this.#acceptedCount = this.#backlog.size;
    this.#batchAlarm = new Alarm(schedule, () => this.#onBatchDue());
    this.#retryAlarm = new Alarm(schedule, () => this.#startWrite());
    if (this.#backlog.size > 0) this.#batchAlarm.runWithin(0);
  }

  track(event: VisitEvent): void {
    this.#acceptEntry({ item: { kind: "event", event } });
  }

  /**
   * Accepts an event that must not be lost, such as an order. Resolves when the event is in the sink or on this
   * machine's disk (fsync).
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` when the event was dropped. It is safe to call again with the same id:
   *   no event is stored twice.
   */
  trackDurably(event: VisitEvent): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#acceptEntry({
      item: { kind: "event", event },
      resolve,
      reject: (error) => reject(sinkUnavailableError(error)),
    });
    return keepProcessAlive(promise);
  }

  count(kind: CountedKind, tenant: string | null): void {
    if (this.#state === "closed") return;
    this.#counter.add(kind, tenant);
    this.#batchAlarm.runWithin(this.#settings.batchInterval);
  }

  flush(): Promise<void> {
    this.#addCounts();
    if (this.#finishedCount === this.#acceptedCount) return Promise.resolve();
    const flushed = this.#flushes.add(this.#acceptedCount);
    this.#startWrite();
    return keepProcessAlive(flushed);
  }

  close(): Promise<void> {
    this.#closing ??= keepProcessAlive(this.#closeOnce());
    return this.#closing;
  }

  /** Returns statistics for operators. It reads the oldest event, so call it at most every few seconds. */
  stats(): QueueStats {
    const { clock } = this.#settings;
    const oldestAt = this.#state === "closed" ? null : this.#backlog.oldestAt();
    return {
      queued: this.#backlog.memorySize,
      spilled: this.#backlog.spilledSize,
      delivered: this.#delivered,
      dropped: this.#dropped,
      oldestAge: oldestAt === null ? null : Math.max(0, clock.now() - oldestAt),
      isSinkDown: this.#outageAt !== null,
      lastError: this.#lastError,
    };
  }

  #acceptEntry(entry: BacklogEntry): void {
    if (this.#state !== "open" || !this.#backlog.push(entry)) {
      this.#dropEntry(entry);
      return;
    }
    this.#acceptedCount++;
    const isUrgent = entry.resolve !== undefined || this.#backlog.memorySize >= this.#settings.batchSize;
    this.#batchAlarm.runWithin(isUrgent ? 0 : this.#settings.batchInterval);
  }

  #dropEntry({ item, reject }: BacklogEntry): void {
    if (item.kind === "count") return;
    const error = new CoatcheckError(
      "STORE_UNAVAILABLE",
      "The event was not stored, because the event queue is full or closed.",
    );
    this.#dropped++;
    this.#counter.add("dropped", item.event.tenant);
    reject?.(error);
    if (this.#isDropping) return;
    this.#isDropping = true;
    this.emitSafely("dropping", { error });
  }

  /**
   * Adds the document counts since the last batch to the backlog, if the backlog has space. Without space, the counts
   * keep accumulating.
   */
  #addCounts(): void {
    if (this.#counter.isEmpty || this.#backlog.isFull) return;
    for (const count of this.#counter.takeCounts()) {
      if (this.#backlog.push({ item: { kind: "count", count } })) this.#acceptedCount++;
      else this.#counter.add(count.kind, count.tenant, count.documents);
    }
  }

  /** Moves events from memory to disk, in several turns of the event loop. */
  #spillMemory(): void {
    this.#addCounts();
    if (this.#backlog.spillMemory(SPILL_SLICE_SIZE)) this.#batchAlarm.runWithin(0);
  }

  #onBatchDue(): void {
    if (this.#outageAt !== null || this.#isSlow) this.#spillMemory();
    if (this.#writeInFlight) this.#isDue = true;
    else if (this.#outageAt === null) this.#startWrite();
  }

  #startWrite(): void {
    if (this.#writeInFlight || this.#state === "closed") return;
    this.#retryAlarm.cancel();
    this.#writeInFlight = this.#writeNextBatch().finally(() => {
      this.#writeInFlight = null;
      this.#scheduleNextWrite();
    });
  }

  async #writeNextBatch(): Promise<void> {
    this.#isDue = false;
    try {
      this.#addCounts();
      const { batch, entryCount } = this.#backlog.firstBatch(this.#settings.batchSize);
      if (batch.events.length + batch.counts.length > 0) await this.#writeWithTimeout(batch);
      this.#onWritten(entryCount, entryCount - batch.events.length - batch.counts.length);
    } catch (error) {
      this.#onFailed(error);
    }
  }

  async #writeWithTimeout(batch: EventBatch): Promise<void> {
    const { sink, schedule, batchInterval, writeTimeout } = this.#settings;
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const cancelSlow = schedule(batchInterval, () => {
      this.#isSlow = true;
      this.#spillMemory();
    });
    const cancelTimeout = schedule(writeTimeout, () => {
      reject(
        new CoatcheckError("STORE_UNAVAILABLE", `The event sink did not respond within ${writeTimeout} ms.`),
      );
    });
    try {
      await Promise.race([sink.write(batch), timeout]);
    } finally {
      cancelSlow();
      cancelTimeout();
      this.#isSlow = false;
    }
  }

  /**
   * @param damaged number of entries that were not events: a line that a crash has truncated, or an item that cannot
   *   be written as JSON.
   */
  #onWritten(entries: number, damaged: number): void {
    if (this.#state === "closed") return;
    this.#backlog.removeFirst(entries);
    this.#finishedCount += entries;
    this.#delivered += entries - damaged;
    this.#dropped += damaged;
    this.#isDropping = false;
    this.#retryDelay.reset();
    this.#flushes.resolveUpTo(this.#finishedCount);
    if (this.#outageAt === null) return;
    const duration = Math.max(0, this.#settings.clock.now() - this.#outageAt);
    this.#outageAt = null;
    this.emitSafely("outage-ended", { duration, waiting: this.#backlog.size });
  }

  #onFailed(error: unknown): void {
    if (this.#state === "closed") return;
    this.#lastError = error;
    const isFirst = this.#outageAt === null;
    this.#outageAt ??= this.#settings.clock.now();
    this.#spillMemory();
    this.#flushes.rejectAll(sinkUnavailableError(error));
    this.#retryAlarm.runWithin(this.#retryDelay.next());
    if (isFirst) this.emitSafely("outage-began", { error, at: this.#outageAt });
  }

  /** Called after each write. Decides what to write next, and when. */
  #scheduleNextWrite(): void {
    if (this.#state === "closed" || this.#outageAt !== null) return;
    const { batchSize, batchInterval } = this.#settings;
    const { size, spilledSize, memorySize } = this.#backlog;
    if (size === 0 && this.#counter.isEmpty) return;
    const isUrgent = this.#isDue || spilledSize > 0 || memorySize >= batchSize || !this.#flushes.isEmpty;
    this.#batchAlarm.runWithin(isUrgent ? 0 : batchInterval);
  }

  async #closeOnce(): Promise<void> {
    this.#state = "closing";
    const { sink, schedule, closeTimeout } = this.#settings;
    const isLate = Promise.withResolvers<void>();
    const cancel = schedule(closeTimeout, isLate.resolve);
    await Promise.race([this.#flushUntil(isLate.promise), isLate.promise]);
    this.#batchAlarm.cancel();
    this.#retryAlarm.cancel();
    this.#addCounts();
    this.#backlog.spillMemory(Number.POSITIVE_INFINITY);
    await this.#spill?.sync().catch((error) => {
      this.#lastError = error;
    });
    this.#state = "closed";
    for (const entry of this.#backlog.clearMemory()) this.#dropEntry(entry);
    this.#flushes.rejectAll(sinkUnavailableError(this.#lastError));
    this.#spill?.close();
    await Promise.race([sink.close(), isLate.promise]);
    cancel();
  }

  /** Flushes the queue. Without a spill, retries until the sink works or `end` settles. */
  async #flushUntil(end: Promise<void>): Promise<void> {
    let isEnded = false;
    void end.then(() => {
      isEnded = true;
    });
    while (!isEnded) {
      try {
        return await this.flush();
      } catch {
        if (this.#spill) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#settings.schedule(this.#retryDelay.next(), resolve);
        await promise;
      }
    }
  }
}

function openSpill({ spill }: QueueSettings): Spill | null {
  if (spill === null) return null;
  try {
    return new Spill(spill);
  } catch (cause) {
    throw new CoatcheckError(
      "STORE_UNAVAILABLE",
      "The event queue cannot write to its folder (option spill.path).",
      {
        cause,
      },
    );
  }
}

/**
 * Creates the queue between requests and a sink.
 *
 * @throws UsageError for an unknown option; CoatcheckError `VALIDATION_FAILED` for an invalid number, `STORE_UNAVAILABLE`
 *   when the spill's folder cannot be used.
 * @example
 * const queue = createEventQueue({ sink: ndjsonSink("./events"), spill: { path: "./spill" } });
 * queue.on("outage-began", ({ error }) => console.error("The event sink is down.", error));
 */
export function createEventQueue(options: EventQueueOptions): IngestQueue {
  return new IngestQueue(options);
}
