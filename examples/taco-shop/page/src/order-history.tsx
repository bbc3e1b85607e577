import { type ReactNode, useEffect, useState } from "react";
import { readHistory } from "./api.ts";
import { actionText, nameOf } from "./describe.ts";
import { formatClockTime } from "./format.ts";
import { useLanguage } from "./language.tsx";
import type { HistoryEntry } from "./wire.ts";

/** The number of entries to show initially. */
const INITIAL_ENTRIES = 12;
/** The number of entries that each click on the button adds. */
const ENTRIES_PER_CLICK = 100;

interface OrderHistoryProps {
  readonly id: string;
  /** The order's newest revision. When it changes, the history is reloaded. */
  readonly revision: number;
  /** The participant id of the user of this page. */
  readonly you: string | undefined;
  readonly timeZone: string;
}

/** The history of an order, newest entries first, without rejected changes. */
export function OrderHistory({ id, revision, you, timeZone }: OrderHistoryProps): ReactNode {
  const { language, words } = useLanguage();
  const [entries, setEntries] = useState<readonly HistoryEntry[]>([]);
  const [older, setOlder] = useState<readonly HistoryEntry[]>([]);
  const [limit, setLimit] = useState(INITIAL_ENTRIES);

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
  // A reload returns only the newest entries. Skip entries that are already among the older entries.
  const known = [...older, ...entries.filter(({ number }) => number > (older.at(-1)?.number ?? 0))];
  const changes = known.filter(({ outcome }) => outcome !== "refused");
  const shown = changes.slice(-limit);
  const first = known[0]?.number ?? 1;
  const hasMore = shown.length < changes.length || first > 1;

  async function showMore(): Promise<void> {
    if (first > 1 && changes.length < limit + ENTRIES_PER_CLICK)
      setOlder([...(await readHistory(id, first)), ...known]);
    setLimit(limit + ENTRIES_PER_CLICK);
  }

  return (
    <>
      <h3>{words.historyTitle}</h3>
      <ol className="happenings" reversed>
        {shown.toReversed().map((entry) => (
          <li key={entry.number}>
            <time dateTime={entry.at}>{formatClockTime(entry.at, language, timeZone)}</time>
            <span>
              <strong>{nameOf(entry.who, you, words)}</strong> {actionText(entry, words)}
            </span>
          </li>
        ))}
      </ol>
      {hasMore && (
        <button type="button" className="quiet" onClick={() => void showMore().catch(() => {})}>
          {words.showOlder}
        </button>
      )}
    </>
  );
}
