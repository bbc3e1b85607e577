import { atom, type ReadableAtom } from "nanostores";
import { PENDING, type SessionMeta, type SessionState, toState, UNASKED } from "./state.ts";
import type { Deed } from "./tabs.ts";
import type { Session, SessionView } from "./wire.ts";

/** What this page knows of its session, and since when. */
export interface SessionCache<User> {
  readonly $session: ReadableAtom<SessionState<User>>;
  readonly $meta: ReadableAtom<SessionMeta>;
  /**
   * Takes over what the server said at `at`. False: it is about a session that ended here, or older than
   * what is known. After an answer that says why there is none, no other about that session brings it back, but a login.
   */
  apply(view: SessionView<User>, at: number, deed: Deed): boolean;
  /** Forgets whom the page knew: whoever has just logged in here is no surprise to it. */
  forget(): void;
  /** Shows nothing until the next answer. */
  hide(): void;
  /** Makes what is known too old to answer from. */
  expire(why?: Partial<SessionMeta>): void;
  note(change: Partial<SessionMeta>): void;
  /** The present session, hidden or not. */
  known(): Session | null;
  /** Milliseconds since then; unless given, since the server last said who this is: Infinity when it never did. */
  age(since?: number): number;
  /** Milliseconds until the session ends if nothing happens, by the server's clock; null without a session. */
  expiresIn(): number | null;
}

/** Equal values keep their identity, so that nobody renders again for nothing. */
const equal = (left: unknown, right: unknown) => JSON.stringify(left) === JSON.stringify(right);

/** `onSubjectChange` runs when somebody else is logged in than the page knew. */
export function createCache<User>(now: () => number, onSubjectChange: () => void): SessionCache<User> {
  const $session = atom<SessionState<User>>(PENDING);
  const $meta = atom(UNASKED);
  $session.eq = $meta.eq = equal;
  let session: Session | null = null;
  let rev = 0;
  let confirmedAt = -Infinity;
  let lifetime: number | null = null;
  let ended: string | null = null;

  // Somebody may set the clock back: as good as long ago.
  const age = (since = confirmedAt) => Math.abs(now() - since);
  const note = (change: Partial<SessionMeta>) => $meta.set({ ...$meta.get(), ...change });

  function expire(why?: Partial<SessionMeta>): void {
    confirmedAt = -Infinity;
    note({ stale: true, ...why });
  }

  return {
    $session,
    $meta,
    note,
    age,
    known: () => session,
    apply(view, at, { login, signOut }) {
      const next = view.session;
      const before = session?.subject;
      if (login) ended = null;
      if (next && (next.id === ended || (next.id === session?.id && view.rev < rev))) return false;
      if (!next && view.reason) ended = session?.id ?? ended;
      rev = view.rev;
      lifetime = next && Math.min(next.expiresInMs, next.idleExpiresInMs);
      confirmedAt = at;
      note({ stale: false, error: undefined, signOut: signOut && "pending" });
      $session.set(toState(view));
      session = $session.get().session;
      if (before && next?.subject && before !== next.subject) onSubjectChange();
      return true;
    },
    forget() {
      session = null;
    },
    hide() {
      expire();
      $session.set(PENDING);
    },
    expire,
    expiresIn: () => lifetime && Math.max(0, lifetime - age()),
  };
}
