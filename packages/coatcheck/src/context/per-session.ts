import type { ContextSession } from "./loader.ts";

/**
 * Keeps one object for each session handle, for as long as the handle lives. If the handle is a `Session`, the object
 * is attached to it, because creating and collecting an entry of a `WeakMap` takes longer than reading a cached entity.
 * For any other handle, a `WeakMap` stores the object.
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
