import { useEffect, useEffectEvent, useRef, useState } from "react";
import { readPeople } from "./api.ts";
import { followOrder, type OrderEvents } from "./follow-order.ts";
import type { Action, Entry, People } from "./wire.ts";

const OF_PEOPLE: readonly Action[] = ["invited", "uninvited", "joined", "left", "excluded"];
const isOfPeople = (entry: Entry | null) => entry !== null && OF_PEOPLE.includes(entry.what);

/** What happens in an order. */
export interface LiveOrder {
  /** Undefined until it is known. */
  readonly people: People | undefined;
  /** The newest revision heard of: grows with everything that happens. */
  readonly revision: number;
  readonly reloadPeople: () => Promise<void>;
}

/** Follows the order live while the page is visible. A hidden page keeps no connection: a browser has six for one host. */
export function useLiveOrder(
  id: string | undefined,
  tell: {
    readonly heard: (revision: number) => void;
    readonly happened: (entry: Entry, people: People | undefined) => void;
    readonly ended: OrderEvents["ended"];
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
    tell.heard(revision);
    const number = entry?.number ?? 0;
    const missed = number - newest.current - 1;
    newest.current = number;
    const isNews = !isStart && missed >= 0;
    // Those who cannot be read now are not missed for long: the next event of theirs tells of them again.
    if (isStart || (isNews && (missed > 0 || isOfPeople(entry)))) reloadPeople().catch(() => {});
    if (entry && isNews) tell.happened(entry, known);
  });
  const ended = useEffectEvent<OrderEvents["ended"]>((reason) => tell.ended(reason));

  useEffect(() => {
    if (!id) return;
    let leave: (() => void) | undefined;
    const settle = () => {
      const isVisible = document.visibilityState === "visible";
      if (!isVisible) leave?.();
      leave = isVisible ? (leave ?? followOrder(id, { changed, ended })) : undefined;
    };
    settle();
    document.addEventListener("visibilitychange", settle);
    return () => {
      document.removeEventListener("visibilitychange", settle);
      leave?.();
    };
  }, [id]);

  return { people: known, revision, reloadPeople };
}
