import { type ReactNode, useEffect, useState } from "react";
import { readHistory } from "./api.ts";
import { actionText, nameOf } from "./describe.ts";
import { clockTime } from "./format.ts";
import { useLanguage } from "./language.tsx";
import type { Entry } from "./wire.ts";

/** The most entries to show. */
const MAX_SHOWN = 12;

interface OrderHistoryProps {
  readonly id: string;
  /** The order's newest revision. A new one reloads the history. */
  readonly revision: number;
  /** The reader's participant id. */
  readonly you: string | undefined;
  readonly timeZone: string;
}

/** The history of an order, newest first. Refused changes are left out. */
export function OrderHistory({ id, revision, you, timeZone }: OrderHistoryProps): ReactNode {
  const { language, words } = useLanguage();
  const [entries, setEntries] = useState<readonly Entry[]>([]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new revision requires a reload.
  useEffect(() => {
    let isStale = false;
    readHistory(id).then(
      (read) => isStale || setEntries(read),
      () => {},
    );
    return () => {
      isStale = true;
    };
  }, [id, revision]);

  if (entries.length === 0) return null;
  return (
    <>
      <h3>{words.log}</h3>
      <ol className="happenings" reversed>
        {entries
          .filter(({ outcome }) => outcome !== "refused")
          .slice(-MAX_SHOWN)
          .toReversed()
          .map((entry) => (
            <li key={entry.number}>
              <time dateTime={entry.at}>{clockTime(entry.at, language, timeZone)}</time>
              <span>
                <strong>{nameOf(entry.who, you, words)}</strong> {actionText(entry, words)}
              </span>
            </li>
          ))}
      </ol>
    </>
  );
}
