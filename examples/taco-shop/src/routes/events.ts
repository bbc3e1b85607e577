import { PassThrough } from "node:stream";
import type { SessionRecord } from "coatcheck";
import { sessionOf } from "coatcheck/fastify";
import { type App, failures } from "coatcheck-server";
import { z } from "zod";
import { orderOf } from "../order-state.ts";
import { sharedParams } from "../schemas.ts";
import { openOrder, type Shop } from "../shop.ts";
import { historyEntryView } from "../views.ts";

/** The interval between heartbeats, in milliseconds. Proxies close idle connections, often after 30 to 60 s. */
const HEARTBEAT_INTERVAL = 15_000;
/**
 * The largest number of bytes to buffer for a slow client. Above it, the shop closes the connection; EventSource
 * reconnects.
 */
const MAX_BUFFERED_BYTES = 64 * 1024;

/** Adds the route that sends the changes of an order as server-sent events. */
export function eventRoutes(app: App, shop: Shop): void {
  const openStreams = new Set<PassThrough>();
  app.addHook("preClose", async () => {
    for (const stream of openStreams) stream.end();
  });

  app.get(
    "/api/v1/sessions/:sessionId/events",
    {
      schema: {
        summary: "Watch an order (server-sent events)",
        description:
          "`changed`, with revision and history entry: once at the start and after each change. `ended`, with a reason: the order has `ended`, the guest was `excluded`, or the browser was `signed-out`.",
        tags: ["sharing"],
        params: sharedParams,
        response: {
          200: {
            content: {
              "text/event-stream": {
                schema: z.unknown().meta({ type: "string", description: "The events." }),
              },
            },
          },
          ...failures,
        },
      },
    },
    async (request, reply) => {
      // An open event stream must not keep the session alive.
      await sessionOf(request).load({ activity: "background" });
      const { record, memberId, who } = await openOrder(shop, request, request.params.sessionId, "view");
      const stream = new PassThrough();
      const send = (text: string) => {
        if (stream.writableLength > MAX_BUFFERED_BYTES) stream.destroy();
        else stream.write(text);
      };
      const end = (reason: "ended" | "excluded" | "signed-out") => {
        send(eventOf("ended", { reason }));
        stream.end();
      };
      let revision = -1;
      const show = (now: SessionRecord | null) => {
        if (now === null) return end("ended");
        const order = orderOf(now.data);
        // Compare participant ids, because a login changes the guest's member id, but not the participant id.
        const isMember = Object.values(order.members).some(
          (each) => each.participantId === who.participantId,
        );
        if (memberId !== null && !isMember) return end("excluded");
        // Ignore changes of the session that do not change the order, such as a new cookie of the backend.
        if (order.revision === revision) return;
        revision = order.revision;
        const last = order.history.at(-1);
        send(eventOf("changed", { revision, entry: last ? historyEntryView(last) : null }));
      };
      show(record);
      const unwatchers = [shop.notifier.watch(record, show)];
      const viewer = (await sessionOf(request).load()).record;
      if (viewer) {
        const { subject } = viewer;
        const watchViewer = (now: SessionRecord | null) => {
          if (now === null || (subject !== null && now.subject !== subject)) end("signed-out");
        };
        unwatchers.push(shop.notifier.watch(viewer, watchViewer));
      }
      openStreams.add(stream);
      let cancelHeartbeat = shop.schedule(HEARTBEAT_INTERVAL, function heartbeat() {
        send(":\n\n");
        cancelHeartbeat = shop.schedule(HEARTBEAT_INTERVAL, heartbeat);
      });
      stream.on("close", () => {
        cancelHeartbeat();
        openStreams.delete(stream);
        for (const unwatch of unwatchers) unwatch();
      });
      // Prevents proxies from buffering or compressing the stream.
      reply.headers({ "cache-control": "private, no-store, no-transform", "x-accel-buffering": "no" });
      reply.type("text/event-stream");
      return reply.send(stream);
    },
  );
}

function eventOf(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
