import { randomUUID } from "node:crypto";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

/** The user agent of a real browser, which is not a bot. */
export const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/** Returns the body that reports a page view. */
export function pageViewBody(url: string, userAgent = FIREFOX) {
  return { page: { id: randomUUID(), url }, client: { userAgent }, events: [{ type: "page_view" }] };
}

/** Starts a service that collects visits for the tests of a file. Returns functions that send requests to it. */
export function useVisits() {
  const service = useService({ VISITS_EVENTS: "quiz_finished:key" });
  const shop = () => new TestClient(service().url, API_KEYS.shop);
  const admin = () => new TestClient(service().url, ADMIN_TOKEN);
  return {
    service,
    shop,
    admin,
    /** Creates a session as the backend of a shop does. Returns the path of the session. */
    async newSession(client?: object): Promise<string> {
      const fields = { transport: "bearer", ...(client && { client }) };
      const { body } = await shop().post("/api/v1/sessions", fields);
      return `/api/v1/sessions/${body.data?.sessionId}`;
    },
    /** Waits until the session has this number of events. Returns its timeline. */
    async timelineOf(sessionId: string, events: number) {
      for (;;) {
        const { body } = await admin().get(`/api/v1/analytics/sessions/${sessionId}/timeline`);
        const timeline = body.data as unknown as { events: { type: string }[]; visits: object[] };
        if (timeline.events.length >= events) return timeline;
      }
    },
  };
}
