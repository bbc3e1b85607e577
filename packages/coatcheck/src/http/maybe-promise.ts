import type { MaybePromise } from "../session/session.ts";

/** Goes on with a value: now when it is at hand, later when it is promised. A local hit never meets a promise. */
export function after<Value, Next>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Next>,
): MaybePromise<Next> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** As {@link after}, with a way on when it fails, be it by throwing or by rejecting. */
export function attempt<Value, Next>(
  start: () => MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Next>,
  failed: (error: unknown) => MaybePromise<Next>,
): MaybePromise<Next> {
  let value: MaybePromise<Value>;
  try {
    value = start();
  } catch (error) {
    return failed(error);
  }
  return value instanceof Promise ? value.then(next, failed) : next(value);
}
