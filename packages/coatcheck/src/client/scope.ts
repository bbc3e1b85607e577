/** The browser's Web Locks. With these locks, the tabs of one origin run a task one after another. */
export type Locks = Pick<LockManager, "request">;

/**
 * The members of the browser's global object that the client uses. Each may be missing (an old browser, a worker, a
 * server) and each may throw when accessed (cookies switched off, a sandboxed frame). The client works without them.
 */
export interface Scope {
  readonly document?: Pick<Document, "cookie" | "visibilityState">;
  readonly location?: Pick<Location, "origin" | "reload">;
  readonly navigator?: { readonly onLine?: boolean; readonly locks?: Locks };
  readonly BroadcastChannel?: new (
    name: string,
  ) => Pick<BroadcastChannel, "postMessage" | "close" | "onmessage">;
  readonly addEventListener?: Window["addEventListener"];
}

/** Returns the result of `task`, or undefined if it throws. */
export function attempt<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}
