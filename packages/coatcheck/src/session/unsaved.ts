import { Draft } from "./draft.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { applyMergePatch, requireJsonObject } from "./patch.ts";

type Messages = Readonly<Record<string, JsonValue>>;

/** The pending changes that one write stores. */
export interface Part {
  /** A merge patch of the data; null when nothing was assigned. */
  readonly patch: JsonObject | null;
  /** Flash messages by name, null for a message that was taken; null when there are none. */
  readonly flash: Messages | null;
}

/** The changes that a request has made to its session and not yet stored: assignments to the data, flash messages. */
export class Unsaved {
  #draft: Draft | null = null;
  #flash: Messages | null = null;

  /** The data with the pending assignments, writable. The same object is returned before and after every write. */
  view(stored: () => JsonObject): unknown {
    this.#draft ??= new Draft(stored());
    return this.#draft.view;
  }

  /** Sets a flash message, replacing one of the same name; null removes it. */
  leave(name: string, message: JsonValue): void {
    this.#flash = { ...this.#flash, [name]: message };
  }

  /** Returns the flash message of this name, pending or stored, and removes it; undefined when there is none. */
  take(name: string, stored: JsonObject | undefined): JsonValue | undefined {
    const messages: JsonObject = { ...stored, ...this.#flash };
    const message = Object.hasOwn(messages, name) ? messages[name] : undefined;
    if (message === undefined || message === null) return undefined;
    this.leave(name, null);
    return message;
  }

  /** The changes to store now; null when there are none. Not validated: see {@link checkedPart}. */
  part(): Part | null {
    const patch = this.#draft?.patch() ?? null;
    return patch === null && this.#flash === null ? null : { patch, flash: this.#flash };
  }

  /** Drops the changes in `part`, now stored, and continues from the stored data. Later changes stay pending. */
  settle(part: Part | null, data: () => JsonObject): void {
    this.#draft?.rebase(data(), part?.patch ?? null);
    const later = Object.entries(this.#flash ?? {}).filter(
      ([name, message]) => message !== part?.flash?.[name],
    );
    this.#flash = later.length > 0 ? Object.fromEntries(later) : null;
  }
}

/**
 * Validates and copies the patch of `part`, so that assignments during the write belong to the next one.
 *
 * @param limit the largest patch, bytes of JSON.
 * @throws CoatcheckError `VALIDATION_FAILED`, `PAYLOAD_TOO_LARGE`.
 */
export function checkedPart(part: Part | null, limit: number): Part | null {
  return part?.patch ? { ...part, patch: requireJsonObject(part.patch, "data", limit) } : part;
}

/** The stored data with the patch of `part` applied. */
export function applyPart(data: JsonObject, part: Part | null): JsonObject {
  return part?.patch ? applyMergePatch(data, part.patch) : data;
}

/** The stored flash messages with new ones by name; null removes a message. Throws as {@link checkedPart}. */
export function mergeFlash(stored: JsonObject, messages: JsonObject, limit: number): JsonObject {
  const all = Object.entries({ ...stored, ...messages }).filter(([, message]) => message !== null);
  return requireJsonObject(Object.fromEntries(all), "flash", limit);
}
