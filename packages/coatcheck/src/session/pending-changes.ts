import { Draft } from "./draft.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { applyMergePatch, requireJsonObject } from "./patch.ts";
import type { SessionRecord } from "./record.ts";

/** Is notified of changes after the response headers were sent. */
interface LateObserver {
  changed(changes: PendingChanges): void;
}

type Messages = Readonly<Record<string, JsonValue>>;

/** Returns the new data. Called again after each conflict, with the record that it is applied to; none for a new session. */
export type DataChange = (data: JsonObject, record?: SessionRecord) => unknown | Promise<unknown>;

/** The pending changes that one write stores. */
export interface PendingSnapshot {
  /** A merge patch of the data; null when nothing was assigned. */
  readonly patch: JsonObject | null;
  /** Flash messages by name, null for a message that was taken; null when there are none. */
  readonly flash: Messages | null;
}

/** The changes that a request has made to its session and not yet stored: assignments to the data, flash messages. */
export class PendingChanges {
  #draft: Draft | null = null;
  #flash: Messages | null = null;
  /** Set once the response headers are sent. */
  late: LateObserver | null;

  constructor(late: LateObserver | null = null) {
    this.late = late;
  }

  /** The data with the pending assignments, writable. The same object is returned before and after every write. */
  view(stored: () => JsonObject): unknown {
    this.#draft ??= new Draft(stored(), this);
    return this.#draft.view;
  }

  /** The data with the pending assignments, not writable; null when it has not been read, so that nothing can be pending. */
  current(): JsonObject | null {
    return this.#draft?.current() ?? null;
  }

  draftChanged(): void {
    this.late?.changed(this);
  }

  /** Sets a flash message, replacing one of the same name; null removes it. */
  setFlash(name: string, message: JsonValue): void {
    this.#flash = { ...this.#flash, [name]: message };
    this.late?.changed(this);
  }

  /** Returns a flash message that is not stored yet and removes it; undefined when nothing is pending for this name. */
  takeFlash(name: string): JsonValue | undefined {
    const message = flashOf(this.#flash, name);
    if (message !== undefined) this.setFlash(name, null);
    return message;
  }

  /** The changes to store now; null when there are none. Not validated: see {@link validateSnapshot}. */
  snapshot(): PendingSnapshot | null {
    const patch = this.#draft?.patch() ?? null;
    return patch === null && this.#flash === null ? null : { patch, flash: this.#flash };
  }

  /** Drops the changes in `pending`, now stored, and continues from the stored data. Later changes stay pending. */
  markSaved(pending: PendingSnapshot | null, data: () => JsonObject): void {
    this.#draft?.rebase(data(), pending?.patch ?? null);
    const later = Object.entries(this.#flash ?? {}).filter(
      ([name, message]) => message !== pending?.flash?.[name],
    );
    this.#flash = later.length > 0 ? Object.fromEntries(later) : null;
  }
}

/**
 * Validates and copies the patch of `pending`, so that assignments during the write belong to the next one.
 *
 * @param limit the largest patch, bytes of JSON.
 * @throws CoatcheckError `VALIDATION_FAILED`, `PAYLOAD_TOO_LARGE`.
 */
export function validateSnapshot(pending: PendingSnapshot | null, limit: number): PendingSnapshot | null {
  return pending?.patch ? { ...pending, patch: requireJsonObject(pending.patch, "data", limit) } : pending;
}

/** The stored data with the patch of `pending` applied. */
export function applySnapshot(data: JsonObject, pending: PendingSnapshot | null): JsonObject {
  return pending?.patch ? applyMergePatch(data, pending.patch) : data;
}

/** The message of this name; null when it is about to be removed, undefined when there is none. */
export function flashOf(messages: Messages | JsonObject | null, name: string): JsonValue | undefined {
  return messages !== null && Object.hasOwn(messages, name) ? messages[name] : undefined;
}

/**
 * The stored flash messages with new ones by name; null removes a message. Throws the same errors as {@link
 * validateSnapshot}.
 */
export function mergeFlash(stored: JsonObject, messages: JsonObject, limit: number): JsonObject {
  const all = Object.entries({ ...stored, ...messages }).filter(([, message]) => message !== null);
  return requireJsonObject(Object.fromEntries(all), "flash", limit);
}
