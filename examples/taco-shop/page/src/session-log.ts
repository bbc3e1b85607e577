/** An event of a session of this browser. */
export interface SessionEvent {
  /** The number of the event, starting at 1. */
  readonly number: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly kind: SessionEventKind;
  /** The id of the session. */
  readonly session: string;
}

export type SessionEventKind =
  | "started"
  | "loggedIn"
  | "loggedOut"
  | "ended"
  | "orderOpened"
  | "orderClosed"
  | "orderChanged";

/** The largest number of events to store. */
const MAX_EVENTS = 30;

let events: readonly SessionEvent[] = [];
const listeners = new Set<() => void>();

/** Stores the events of this browser's sessions since the page was loaded. `status-line.tsx` shows them. */
export const sessionLog = {
  /** Returns the events, newest first. */
  read: (): readonly SessionEvent[] => events,
  add(kind: SessionEventKind, session: string): void {
    const number = (events[0]?.number ?? 0) + 1;
    events = [{ number, at: Date.now(), kind, session }, ...events].slice(0, MAX_EVENTS);
    for (const listener of listeners) listener();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
