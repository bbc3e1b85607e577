import { expect, it } from "vitest";
import { createEventQueue } from "../../../src/visit/ingest/queue.ts";
import { memorySink } from "../../../src/visit/sink/memory.ts";
import { startFixture } from "./fixtures.ts";
import { ADAPTERS } from "./servers.ts";

const ORDER = encodeURIComponent(JSON.stringify({ orderId: "o-1", revenue: 1990, currency: "EUR" }));

it.each(ADAPTERS)(
  "a visit's page view, event, login and order reach the sink on %s",
  async (_name, start) => {
    const sink = memorySink();
    const queue = createEventQueue({ sink });
    await using fixture = await startFixture(start, { visits: { queue, orders: sink } });
    const browser = fixture.browser();
    await browser.openPage("/menu?utm_source=news&utm_medium=email");
    await browser.sendFromScript("/track?name=add_to_cart");
    await browser.sendFromScript("/login?subject=ann");
    const converted = await browser.sendFromScript(`/convert?order=${ORDER}`);
    expect(converted.status).toBe(200);
    const stored = await sink.findOrder(null, "o-1");
    expect(stored).toMatchObject({ revenue: 1990, visitorId: browser.cookie("visitor_id") });
    await fixture.visits.close();
    const { events } = await sink.read();
    expect(events.map(({ type, subject }) => [type, subject])).toEqual([
      ["page_view", null],
      ["add_to_cart", null],
      ["login", "ann"],
      ["order_completed", "ann"],
    ]);
  },
);
