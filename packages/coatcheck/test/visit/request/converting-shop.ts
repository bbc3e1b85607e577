import { join } from "node:path";
import { HttpSessions } from "../../../src/http/http-sessions.ts";
import { SessionManager } from "../../../src/session/manager.ts";
import type { Session } from "../../../src/session/session.ts";
import { sqliteStore } from "../../../src/store/sqlite/store.ts";
import { createEventQueue } from "../../../src/visit/ingest/queue.ts";
import { sqliteEvents } from "../../../src/visit/sink/sqlite/sink.ts";
import { createVisits } from "../../../src/visit/visits.ts";
import { FIREFOX } from "./fixtures.ts";

/**
 * Opens a shop that stores sessions and visits in files of `folder`, so that a later process can open the same shop.
 */
export function openShop(folder: string, { beforeOrder = () => {} } = {}) {
  const sink = sqliteEvents({ path: join(folder, "visits.db") });
  const queue = createEventQueue({ sink, spill: { path: join(folder, "waiting") } });
  const { trackDurably } = queue;
  queue.trackDurably = (event) => {
    beforeOrder();
    return trackDurably.call(queue, event);
  };
  const visits = createVisits({ queue, privacy: "full", orders: sink });
  const store = sqliteStore(join(folder, "sessions.db"));
  const manager = new SessionManager({ store, secrets: ["a long secret of these tests"] });
  return { manager, sink, visits, sessions: new HttpSessions(manager, { visits }) };
}

/**
 * Views a page of the shop, and waits until the session is stored. Returns the browser's cookies and the session's id.
 */
export async function viewPage(
  { sessions }: ReturnType<typeof openShop>,
  cookie: string,
  handler: (session: Session) => unknown = () => {},
): Promise<{ cookie: string; sessionId: string }> {
  const sent: Record<string, string> = { cookie, "user-agent": FIREFOX, "sec-fetch-dest": "document" };
  const header = (name: string) => sent[name];
  const request = sessions.open({ method: "GET", url: "/", address: "::1", encrypted: true, header });
  const session = await request.load();
  await handler(session as Session);
  const headers = new Headers({ "content-type": "text/html" });
  await request.commit(headers, 200);
  const set = headers.getSetCookie().map((line) => line.split(";")[0]);
  return { cookie: set.length > 0 ? set.join("; ") : cookie, sessionId: session.id };
}
