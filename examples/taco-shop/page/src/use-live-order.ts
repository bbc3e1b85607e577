import { useEffect, useEffectEvent, useState } from "react";
import { followOrder, type OrderEvents, readPeople } from "./api.ts";
import type { Action, Entry, People } from "./wire.ts";

const OF_PEOPLE: readonly Action[] = ["invited", "uninvited", "joined", "excluded"];

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
  const known = people?.id === id ? people?.known : undefined;

  const reloadPeople = async () => {
    if (id) setPeople({ id, known: await readPeople(id) });
  };
  const changed = useEffectEvent<OrderEvents["changed"]>(({ revision, entry }) => {
    setRevision(revision);
    tell.heard(revision);
    // Those who are not there are not missed for long: the next event tells of them again.
    if (!entry || OF_PEOPLE.includes(entry.what)) reloadPeople().catch(() => {});
    if (entry) tell.happened(entry, known);
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
