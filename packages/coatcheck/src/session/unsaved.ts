import { Draft } from "./draft.ts";
import type { JsonObject, JsonValue } from "./json.ts";

type Messages = Readonly<Record<string, JsonValue>>;

/** What is to be stored of it in one write. */
export interface Part {
  /** A merge patch; null when nothing was assigned. */
  readonly patch: JsonObject | null;
  /** Messages by name, null for one that was taken; null when there are none. */
  readonly flash: Messages | null;
}

/** What a request has left in its session and not stored yet: assignments to the data, and messages. */
export class Unsaved {
  #draft: Draft | null = null;
  #flash: Messages | null = null;

  /** The data as it will be; assign here. It stays the same object through every write. */
  view(stored: () => JsonObject): unknown {
    this.#draft ??= new Draft(stored());
    return this.#draft.view;
  }

  /** Leaves a message in place of one of the same name; null takes it away. */
  leave(name: string, message: JsonValue): void {
    this.#flash = { ...this.#flash, [name]: message };
  }

  /** The message of this name, be it stored or only left here. */
  message(name: string, stored: JsonObject | undefined): JsonValue | undefined {
    const messages: JsonObject = { ...stored, ...this.#flash };
    return Object.hasOwn(messages, name) ? messages[name] : undefined;
  }

  /** What there is to store now; null when there is nothing. */
  part(): Part | null {
    const patch = this.#draft?.patch() ?? null;
    return patch === null && this.#flash === null ? null : { patch, flash: this.#flash };
  }

  /** Goes on after a write of `part`, from the data as stored now; what was left meanwhile stays unsaved. */
  settle(part: Part | null, data: () => JsonObject): void {
    this.#draft?.rebase(data(), part?.patch ?? null);
    const later = Object.entries(this.#flash ?? {}).filter(
      ([name, message]) => message !== part?.flash?.[name],
    );
    this.#flash = later.length > 0 ? Object.fromEntries(later) : null;
  }
}
