import type { SessionView } from "../wire.ts";
import { watchPage } from "./page.ts";
import { attempt, type Scope } from "./scope.ts";
import type { LogoutOptions } from "./session-client.ts";

/** The user's action that caused a new view. Empty if a refresh caused the view. */
export interface TabAction {
  /**
   * The user logged in or elevated the session. A view with this action may restore a session that ended in this
   * browser.
   */
  readonly login?: boolean | undefined;
  /** The user signed out with these options, and the server has not confirmed yet. */
  readonly signOut?: LogoutOptions | undefined;
}

/** A message from one tab to the others. */
export interface TabMessage<User> {
  readonly view: SessionView<User>;
  /** When the view was received, in epoch milliseconds by this machine's clock. */
  readonly at: number;
  readonly action: TabAction;
}

/**
 * Connects the tabs of this origin until `signal` aborts. Uses a BroadcastChannel, or storage events if the browser has
 * no channels. Returns the function that sends a message to the other tabs.
 */
export function connectTabs<User>(
  scope: Scope,
  name: string,
  receive: (message: TabMessage<User>) => void,
  signal: AbortSignal,
): (message: TabMessage<User>) => void {
  const channel = attempt(() => scope.BroadcastChannel && new scope.BroadcastChannel(name));
  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<TabMessage<User>>) => receive(data);
    signal.onabort = () => channel.close();
    return (message) => attempt(() => channel.postMessage(message));
  }
  watchPage(
    scope,
    {
      storage({ key, newValue }) {
        if (key === name && newValue) receive(JSON.parse(newValue));
      },
    },
    signal,
  );
  return (message) =>
    attempt(() => {
      scope.localStorage?.setItem(name, JSON.stringify(message));
      // Remove the item, because the user's data must not stay on the disk. The other tabs receive the event
      // nevertheless.
      scope.localStorage?.removeItem(name);
    });
}
