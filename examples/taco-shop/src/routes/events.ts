import { PassThrough } from "node:stream";
import type { SessionRecord } from "coatcheck";
import { sessionOf } from "coatcheck/fastify";
import type { App } from "coatcheck-server";
import { orderIn } from "../order-state.ts";
import { sharedParams } from "../schemas.ts";
import { enter, type Shop } from "../shop.ts";
import { entryView } from "../views.ts";

/** Milliseconds between signs of life, so that proxies keep the connection. */
const HEARTBEAT = 15_000;
/** Bytes that a client may leave unread; whoever reads no more is let go and will come back. */
const MOST_UNREAD = 64 * 1024;

/** Changes of an order while they happen, as server-sent events. */
export function eventRoutes(app: App, shop: Shop): void {
  const open = new Set<PassThrough>();
  app.addHook("preClose", async () => {
    for (const stream of open) stream.end();
  });

  app.get(
    "/api/v1/sessions/:sessionId/events",
    {
      schema: {
        summary: "Watch an order (server-sent events)",
        description:
          "`changed` with revision and entry, once at the start; `ended` when there is no more to see: the order has `ended`, the guest is `excluded`, or the browser `signed-out`.",
        tags: ["sharing"],
        params: sharedParams,
      },
    },
    async (request, reply) => {
      // Watching is no activity: it keeps no session alive.
      await sessionOf(request).load({ activity: "background" });
      const { record, memberId, who } = await enter(shop, request, request.params.sessionId, "view");
      const stream = new PassThrough();
      const send = (text: string) => {
        if (stream.writableLength > MOST_UNREAD) stream.destroy();
        else stream.write(text);
      };
      const end = (reason: "ended" | "excluded" | "signed-out") => {
        send(eventOf("ended", { reason }));
        stream.end();
      };
      let revision = -1;
      const show = (now: SessionRecord | null) => {
        if (now === null) return end("ended");
        const order = orderIn(now.data);
        // A guest who logs in stays the same participant, under another id.
        const isIn = Object.values(order.members).some((each) => each.participantId === who.participantId);
        if (memberId !== null && !isIn) return end("excluded");
        // The session also changes when the backend gives out a cookie; that is nobody's business here.
        if (order.revision === revision) return;
        revision = order.revision;
        const last = order.history.at(-1);
        send(eventOf("changed", { revision, entry: last ? entryView(last) : null }));
      };
      show(record);
      const ends = [shop.live.watch(record, show)];
      const viewer = (await sessionOf(request).load()).record;
      if (viewer) {
        const { subject } = viewer;
        const watchViewer = (now: SessionRecord | null) => {
          if (now === null || (subject !== null && now.subject !== subject)) end("signed-out");
        };
        ends.push(shop.live.watch(viewer, watchViewer));
      }
      open.add(stream);
      let cancelBeat = shop.schedule(HEARTBEAT, function again() {
        send(":\n\n");
        cancelBeat = shop.schedule(HEARTBEAT, again);
      });
      stream.on("close", () => {
        cancelBeat();
        open.delete(stream);
        for (const unwatch of ends) unwatch();
      });
      reply.type("text/event-stream").header("cache-control", "private, no-store");
      return reply.send(stream);
    },
  );
}

function eventOf(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
