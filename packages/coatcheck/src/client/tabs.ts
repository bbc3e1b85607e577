import { attempt, type Scope } from "./scope.ts";
import type { SessionView } from "./wire.ts";

/** What one tab tells the others: what the server said, and when, in epoch milliseconds of this machine. */
export interface TabMessage<User> {
  readonly view: SessionView<User>;
  readonly at: number;
}

/**
 * Opens the way to the other tabs of this origin, until `signal` ends: BroadcastChannel, and storage events where it is
 * missing. The result posts. Neither way reaches the tab that posts: it commits to its own store first, then tells.
 */
export function joinTabs<User>(
  scope: Scope,
  name: string,
  hear: (message: TabMessage<User>) => void,
  signal: AbortSignal,
): (message: TabMessage<User>) => void {
  const channel = attempt(() => scope.BroadcastChannel && new scope.BroadcastChannel(name));
  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<TabMessage<User>>) => hear(data);
    signal.onabort = () => channel.close();
    return (message) => attempt(() => channel.postMessage(message));
  }
  scope.addEventListener?.(
    "storage",
    ({ key, newValue }) => {
      if (key === name && newValue) hear(JSON.parse(newValue));
    },
    { signal },
  );
  return (message) =>
    attempt(() => {
      scope.localStorage?.setItem(name, JSON.stringify(message));
      // The event has been sent; nobody's name needs to stay on the disk.
      scope.localStorage?.removeItem(name);
    });
}
