import type { SessionView } from "../wire.ts";
import type { ApplyView, TabAction } from "./apply-view.ts";
import { attempt, type Scope } from "./scope.ts";

/** A message from one tab to the others. */
export interface TabMessage<User> {
  readonly view: SessionView<User>;
  /** When the view was received, in epoch milliseconds by this machine's clock. */
  readonly at: number;
  readonly action: TabAction;
}

/**
 * Connects the tabs of this origin until `signal` aborts, and applies the views of the other tabs. Without a
 * BroadcastChannel (a server, a sandboxed frame) it connects nothing. Returns the function that sends a message to the
 * other tabs.
 */
export function connectTabs<User>(
  scope: Scope,
  name: string,
  applyView: ApplyView<User>,
  signal: AbortSignal,
): (message: TabMessage<User>) => void {
  const channel = attempt(() => scope.BroadcastChannel && new scope.BroadcastChannel(name));
  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<TabMessage<User>>) =>
      applyView(data.view, data.action, data.at);
    signal.onabort = () => channel.close();
  }
  return (message) => attempt(() => channel?.postMessage(message));
}
