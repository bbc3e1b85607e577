import { atom, type ReadableAtom } from "nanostores";
import type { SessionInfo, SessionView } from "../wire.ts";
import type { TabAction } from "./apply-view.ts";
import { type ClientState, INITIAL_META, PENDING_STATE, type SessionMeta, toState } from "./state.ts";

/** Stores the last view that the server sent, and the time at which the server last confirmed it. */
export interface ViewCache<User> {
  readonly $session: ReadableAtom<ClientState<User>>;
  readonly $meta: ReadableAtom<SessionMeta>;
  /**
   * Stores a view that the server sent at `at` (epoch milliseconds of this machine). Returns false and stores nothing
   * if the view is older than the stored view, or if its session has ended in this browser. A session that ended with a
   * `reason` stays ended, even if a later view contains it. Only a login restores it.
   */
  apply(view: SessionView<User>, at: number, action: TabAction): boolean;
  /** Forgets the subject before this page logs in, so that the next view does not count as a change of subject. */
  forgetSubject(): void;
  /** Sets the state to `pending` until the next view. */
  hide(): void;
  /** Marks the stored view as stale, so that the next read sends a request. */
  expire(meta?: Partial<SessionMeta>): void;
  setMeta(change: Partial<SessionMeta>): void;
  /** Returns the stored session, even after `hide`. */
  session(): SessionInfo | null;
  /** Returns the milliseconds since the server last confirmed the view. `Infinity` if it has confirmed none. */
  age(): number;
  /**
   * Returns the milliseconds until the session ends if the user is inactive, by the server's clock. Null without a
   * session.
   */
  expiresIn(): number | null;
}

/** Compares two values. An atom ignores an equal value, so that subscribers do not render again. */
const isEqualJson = (left: unknown, right: unknown) => JSON.stringify(left) === JSON.stringify(right);

/** Creates an empty cache. `onSubjectChange` runs when a new view has a different subject than the stored view. */
export function createViewCache<User>(now: () => number, onSubjectChange: () => void): ViewCache<User> {
  const $session = atom<ClientState<User>>(PENDING_STATE);
  const $meta = atom(INITIAL_META);
  $session.eq = $meta.eq = isEqualJson;
  let session: SessionInfo | null = null;
  let rev = 0;
  let confirmedAt = -Infinity;
  let lifetime: number | null = null;
  let endedId: string | undefined;

  // If the machine's clock was set back, the absolute value makes the view stale. Otherwise it would be fresh for too
  // long.
  const age = () => Math.abs(now() - confirmedAt);
  const setMeta = (change: Partial<SessionMeta>) => $meta.set({ ...$meta.get(), ...change });

  function expire(meta?: Partial<SessionMeta>): void {
    confirmedAt = -Infinity;
    setMeta({ stale: true, ...meta });
  }

  return {
    $session,
    $meta,
    age,
    setMeta,
    session: () => session,
    apply(view, at, { login, signOut }) {
      const next = view.session;
      const before = session?.subject;
      if (login) endedId = undefined;
      if (next && (next.id === endedId || (next.id === session?.id && view.rev < rev))) return false;
      if (!next && view.reason) endedId = session?.id ?? endedId;
      rev = view.rev;
      lifetime = next && Math.min(next.expiresInMs, next.idleExpiresInMs);
      confirmedAt = at;
      setMeta({ stale: false, error: undefined, signOut: signOut && "pending" });
      $session.set(toState(view));
      session = $session.get().session;
      if (before && next?.subject && before !== next.subject) onSubjectChange();
      return true;
    },
    forgetSubject() {
      session = null;
    },
    hide() {
      expire();
      $session.set(PENDING_STATE);
    },
    expire,
    expiresIn: () => lifetime && Math.max(0, lifetime - age()),
  };
}
