import type { SessionView } from "../wire.ts";
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

/**
 * Applies a view that the server has sent, together with the user's action that caused it. Pass `receivedAt` (epoch
 * milliseconds) for a view that another tab has received, so that it is not sent to the tabs again.
 *
 * Each view cancels the refresh in progress, because a late response must not undo a login or a sign-out that happened
 * after the request was sent.
 */
export type ApplyView<User> = (view: SessionView<User>, action?: TabAction, receivedAt?: number) => void;
