/** A value, or a promise of the value. The local cache returns values, so that most requests do not wait. */
export type MaybePromise<Value> = Value | Promise<Value>;

/**
 * Looks for a member `then` instead of using `instanceof`, which is slow for a session handle: the prototype chain of a
 * handle ends in a proxy.
 */
export function isPromise<Value>(value: MaybePromise<Value>): value is Promise<Value> {
  return typeof (value as Partial<Promise<Value>> | null | undefined)?.then === "function";
}

/**
 * Passes a value to `next`. Passes the value of a promise when the promise resolves. Passes any other value
 * synchronously, so that cache hits stay synchronous.
 */
export function andThen<Value, Next>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Next>,
): MaybePromise<Next> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** Like {@link andThen}, but calls `failed` when `start` throws or its promise rejects. */
export function attempt<Value, Next>(
  start: () => MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Next>,
  onFailure: (error: unknown) => MaybePromise<Next>,
): MaybePromise<Next> {
  let value: MaybePromise<Value>;
  try {
    value = start();
  } catch (error) {
    return onFailure(error);
  }
  return isPromise(value) ? value.then(next, onFailure) : next(value);
}
