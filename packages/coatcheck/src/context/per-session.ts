import type { ContextSession } from "./loader.ts";

/**
 * Keeps one object for each session handle, for as long as the handle lives. A `Session` stores the object itself: an
 * entry of a `WeakMap` takes longer to create and to collect than a cached entity takes to read. Other objects need the
 * `WeakMap`.
 */
export class PerSession<Value extends object> {
  readonly #others = new WeakMap<object, Value>();

  get(session: ContextSession<unknown>): Value | undefined {
    return session.attachmentOf
      ? (session.attachmentOf(this) as Value | undefined)
      : this.#others.get(session);
  }

  set(session: ContextSession<unknown>, value: Value): void {
    if (session.attach) session.attach(this, value);
    else this.#others.set(session, value);
  }
}
