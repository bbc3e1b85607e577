import { Draft, lostChangeError } from "./draft.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { sizeOf } from "./json-size.ts";
import { applyMergePatch, requireJsonObject } from "./patch.ts";
import type { SessionRecord } from "./record.ts";
import { requireStrings } from "./strings.ts";

/** Notified of changes after the response headers were sent. */
interface LateChangeListener {
  noteChange(changes: PendingChanges): void;
}

type FlashMessages = Readonly<Record<string, JsonValue>>;

/**
 * Returns the new data. Called again after each conflict. `record` is the record to change; undefined for a new
 * session.
 */
export type DataChange = (data: JsonObject, record?: SessionRecord) => unknown | Promise<unknown>;

/** The pending changes of a request at one moment. One write stores them. */
export interface PendingSnapshot {
  /** A merge patch of the data; null when nothing was assigned. */
  readonly patch: JsonObject | null;
  /** Flash messages by name. A null message removes the stored message. Null when no message changes. */
  readonly flash: FlashMessages | null;
  /** The path of a change that cannot be stored: its array or object is no longer part of the data. */
  readonly lostChangePath: string | null;
  /** Size of the validated patch, bytes of JSON; absent before the validation. */
  readonly size?: number;
}

/** Collects the changes of a request that are not stored yet: assignments to the data, and flash messages. */
export class PendingChanges {
  #draft: Draft | null = null;
  #flash: FlashMessages | null = null;
  /** Receives changes after the response headers have been sent; null before that. */
  lateListener: LateChangeListener | null;

  constructor(lateListener: LateChangeListener | null = null) {
    this.lateListener = lateListener;
  }

  /**
   * Returns a writable view of the data with the pending assignments. Every call returns the same object, also after a
   * write.
   */
  view(stored: () => JsonObject): unknown {
    this.#draft ??= new Draft(stored(), this);
    return this.#draft.view;
  }

  /**
   * Returns the data with the pending assignments, not writable. Null if the data has not been read: then nothing is
   * pending.
   */
  currentData(): JsonObject | null {
    return this.#draft?.currentData() ?? null;
  }

  /** Whether the application may hold an array or object whose changes {@link onDraftChange} does not report. */
  get hasValuesHeldByApplication(): boolean {
    return this.#draft?.hasValuesHeldByApplication ?? false;
  }

  onDraftChange(): void {
    this.lateListener?.noteChange(this);
  }

  /** Sets a flash message, and replaces an earlier message with the same name. Null removes the message. */
  setFlash(name: string, message: JsonValue): void {
    this.#flash = { ...this.#flash, [name]: message };
    this.lateListener?.noteChange(this);
  }

  /** Removes and returns a flash message that is not stored yet; undefined when there is none with this name. */
  takeFlash(name: string): JsonValue | undefined {
    const message = flashOf(this.#flash, name);
    if (message !== undefined) this.setFlash(name, null);
    return message;
  }

  /** Drops the changes and continues from `data`. */
  discard(data: () => JsonObject): void {
    this.#draft?.replace(data(), null);
    this.#flash = null;
  }

  /**
   * Continues from the data of another session and keeps the changes so far. Arrays and objects that the application
   * has read before the call belong to the former session. Later changes of them cannot be stored.
   */
  moveTo(data: () => JsonObject): void {
    this.#draft?.replace(data(), this.#draft.createPatch());
  }

  /**
   * Returns the changes to store now; null when there are none. They are not validated yet: see
   * {@link validateSnapshot}.
   */
  snapshot(): PendingSnapshot | null {
    const patch = this.#draft?.createPatch() ?? null;
    const lostChangePath = this.#draft?.findLostChange() ?? null;
    return patch === null && this.#flash === null && lostChangePath === null
      ? null
      : { patch, flash: this.#flash, lostChangePath };
  }

  /**
   * Removes the changes in `pending`, which have been stored, and continues from the stored data. Later changes stay
   * pending.
   */
  markSaved(pending: PendingSnapshot | null, data: () => JsonObject): void {
    this.#draft?.rebase(data(), pending?.patch ?? null);
    const later = Object.entries(this.#flash ?? {}).filter(
      ([name, message]) => message !== pending?.flash?.[name],
    );
    this.#flash = later.length > 0 ? Object.fromEntries(later) : null;
  }
}

/**
 * Validates and copies the patch of `pending`. Assignments during the write do not change the copy.
 *
 * @param limit the largest size of the patch, in bytes of JSON.
 * @throws CoatcheckError `VALIDATION_FAILED`, `PAYLOAD_TOO_LARGE`; `CONFLICT` for a change that cannot be stored.
 */
export function validateSnapshot(pending: PendingSnapshot | null, limit: number): PendingSnapshot | null {
  if (pending && pending.lostChangePath !== null) throw lostChangeError(pending.lostChangePath);
  if (!pending?.patch) return pending;
  const patch = requireJsonObject(pending.patch, "data", limit);
  return { ...pending, patch, size: sizeOf(patch) };
}

/** Applies the patch of `pending` to the stored data. */
export function applySnapshot(data: JsonObject, pending: PendingSnapshot | null): JsonObject {
  return pending?.patch ? applyMergePatch(data, pending.patch) : data;
}

/**
 * Returns the message with this name. Null if the message is to be removed; undefined if there is none. Throws
 * `UsageError` without a name.
 */
export function flashOf(messages: FlashMessages | JsonObject | null, name: string): JsonValue | undefined {
  requireStrings({ name });
  return messages !== null && Object.hasOwn(messages, name) ? messages[name] : undefined;
}

/**
 * Merges new flash messages into the stored messages, by name. A null message removes the stored message. Throws the
 * same errors as {@link validateSnapshot}.
 */
export function mergeFlash(stored: JsonObject, messages: JsonObject, limit: number): JsonObject {
  const all = Object.entries({ ...stored, ...messages }).filter(([, message]) => message !== null);
  return requireJsonObject(Object.fromEntries(all), "flash", limit);
}
