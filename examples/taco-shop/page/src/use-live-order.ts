import { useEffect, useEffectEvent, useRef, useState } from "react";
import { readPeople } from "./api.ts";
import { followOrder, type OrderEvents } from "./follow-order.ts";
import type { Action, HistoryEntry, People } from "./wire.ts";

const PEOPLE_ACTIONS: readonly Action[] = ["invited", "uninvited", "joined", "left", "excluded"];
const changesPeople = (entry: HistoryEntry | null) => entry !== null && PEOPLE_ACTIONS.includes(entry.what);

/** The live state of an order. */
export interface LiveOrder {
  /** Participants and invitations. Undefined until they are loaded. */
  readonly people: People | undefined;
  /** The newest revision that an event reported. */
  readonly revision: number;
  readonly reloadPeople: () => Promise<void>;
}

/**
 * Receives an order's events while the page is visible. A hidden page closes its connection, because with HTTP/1.1 a
 * browser opens only six connections per host.
 */
export function useLiveOrder(
  id: string | undefined,
  listeners: {
    readonly onRevision: (revision: number) => void;
    readonly onEntry: (entry: HistoryEntry, people: People | undefined) => void;
    readonly onEnd: OrderEvents["ended"];
  },
): LiveOrder {
  const [people, setPeople] = useState<{ readonly id: string; readonly known: People }>();
  const [revision, setRevision] = useState(0);
  const newest = useRef(0);
  const known = people?.id === id ? people?.known : undefined;

  const reloadPeople = async () => {
    if (id) setPeople({ id, known: await readPeople(id) });
  };
  const changed = useEffectEvent<OrderEvents["changed"]>(({ revision, entry, isStart }) => {
    setRevision(revision);
    listeners.onRevision(revision);
    const number = entry?.number ?? 0;
    const missed = number - newest.current - 1;
    newest.current = number;
    const isNews = !isStart && missed >= 0;
    // Ignore a failure, because the next event of this kind reloads the participants again.
    if (isStart || (isNews && (missed > 0 || changesPeople(entry)))) reloadPeople().catch(() => {});
    if (entry && isNews) listeners.onEntry(entry, known);
  });
  const ended = useEffectEvent<OrderEvents["ended"]>((reason) => listeners.onEnd(reason));

  useEffect(() => {
    if (!id) return;
    let leave: (() => void) | undefined;
    const followIfVisible = () => {
      const isVisible = document.visibilityState === "visible";
      if (!isVisible) leave?.();
      leave = isVisible ? (leave ?? followOrder(id, { changed, ended })) : undefined;
    };
    followIfVisible();
    document.addEventListener("visibilitychange", followIfVisible);
    return () => {
      document.removeEventListener("visibilitychange", followIfVisible);
      leave?.();
    };
  }, [id]);

  return { people: known, revision, reloadPeople };
}
