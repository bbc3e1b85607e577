/** What takes turns between the tabs of a browser. */
export type Locks = Pick<LockManager, "request">;

/**
 * The slice of a browser's global object that the client uses. Any member may be missing (an old browser, a worker, a
 * server), and any may throw when touched (storage switched off, a sandboxed frame): then the client does without.
 */
export interface Scope {
  readonly document?: Pick<Document, "cookie" | "visibilityState">;
  readonly location?: Pick<Location, "origin" | "reload">;
  readonly navigator?: { readonly onLine?: boolean; readonly locks?: Locks };
  readonly localStorage?: Pick<Storage, "setItem" | "removeItem">;
  readonly BroadcastChannel?: new (
    name: string,
  ) => Pick<BroadcastChannel, "postMessage" | "close" | "onmessage">;
  readonly addEventListener?: Window["addEventListener"];
}

/** What `task` gives, or undefined where the browser forbids it. */
export function attempt<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}
