import { useSession } from "coatcheck/react";
import { type ReactNode, useState, useSyncExternalStore } from "react";
import { titleOf } from "./describe.ts";
import { Dialog } from "./dialog.tsx";
import { formatTimeOfDay } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { NoticeBoard } from "./notices.tsx";
import { sessionLog } from "./session-log.ts";
import type { Account, OpenOrder } from "./wire.ts";
import { SESSIONS_DIALOG_WORDS } from "./words/sessions-dialog.ts";

interface StatusLineProps {
  readonly orders: readonly OpenOrder[];
}

/** Shows notices, and a button that opens the list of this browser's sessions. */
export function StatusLine({ orders }: StatusLineProps): ReactNode {
  const { language } = useLanguage();
  const words = SESSIONS_DIALOG_WORDS[language];
  const session = useSession<Account, string | null>({ select: ({ session }) => session?.id ?? null });
  const [isOpen, setOpen] = useState(false);
  const count = orders.length + (session ? 1 : 0);
  return (
    <div className="status-line">
      <NoticeBoard />
      <button type="button" className="quiet sessions-button" onClick={() => setOpen(true)}>
        {words.button(count)}
      </button>
      {isOpen && <SessionsDialog orders={orders} onClose={() => setOpen(false)} />}
    </div>
  );
}

/** A dialog with the sessions of the browser and their latest events. */
function SessionsDialog({ orders, onClose }: StatusLineProps & { readonly onClose: () => void }): ReactNode {
  const { language, words: texts } = useLanguage();
  const words = SESSIONS_DIALOG_WORDS[language];
  const { session, user } = useSession<Account>();
  const events = useSyncExternalStore(sessionLog.subscribe, sessionLog.read);
  return (
    <Dialog title={words.title} onClose={onClose} className="sessions-dialog">
      <p>{words.intro}</p>
      <h3>{words.sessions}</h3>
      <ul className="sessions-list">
        <li>
          <strong>{words.browser}</strong>
          {session ? <code>{shortId(session.id)}</code> : <span>{words.noSessions}</span>}
          {session && <small>{user ? words.loggedInAs(user.name) : words.anonymous}</small>}
        </li>
        {orders.map((order) => (
          <li key={order.sessionId}>
            <strong>{titleOf(order, texts)}</strong>
            <code>{shortId(order.sessionId)}</code>
            <small>{order.role === "owner" ? words.ownOrder : words.joinedOrder}</small>
          </li>
        ))}
      </ul>
      <h3>{words.eventsTitle}</h3>
      {events.length === 0 ? (
        <p className="hint">{words.noEvents}</p>
      ) : (
        <ol className="happenings">
          {events.map(({ number, at, kind, session }) => (
            <li key={number}>
              <time dateTime={new Date(at).toISOString()}>{formatTimeOfDay(at, language)}</time>
              <span>
                <code>{shortId(session)}</code> {words.events[kind]}
              </span>
            </li>
          ))}
        </ol>
      )}
      <p className="sessions-links">
        <a href="/docs">{words.api}</a>
        <a href="/openapi.json">OpenAPI</a>
      </p>
    </Dialog>
  );
}

/** Returns the first part of a session's id. An id is safe to show, because it gives no access to the session. */
const shortId = (id: string) => id.slice(0, 8);
