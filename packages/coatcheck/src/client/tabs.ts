import type { LogoutOptions } from "./manager.ts";
import { watchPage } from "./page.ts";
import { attempt, type Scope } from "./scope.ts";
import type { SessionView } from "./wire.ts";

/** What the user did that an answer is about, where it was not only a question. */
export interface Deed {
  /** Logged in, or proved again who they are: maybe in the very session that ended here before. */
  readonly login?: boolean | undefined;
  /** Signs out so, of which the server is still to hear. */
  readonly signOut?: LogoutOptions | undefined;
}

/** What one tab tells the others: what the server said, and when, in epoch milliseconds of this machine. */
export interface TabMessage<User> {
  readonly view: SessionView<User>;
  readonly at: number;
  readonly deed: Deed;
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
  watchPage(
    scope,
    {
      storage({ key, newValue }) {
        if (key === name && newValue) hear(JSON.parse(newValue));
      },
    },
    signal,
  );
  return (message) =>
    attempt(() => {
      scope.localStorage?.setItem(name, JSON.stringify(message));
      // The event has been sent; nobody's name needs to stay on the disk.
      scope.localStorage?.removeItem(name);
    });
}
