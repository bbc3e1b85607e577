import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { pageViewBody, useVisits } from "./visits-fixtures.ts";

const { shop, admin, newSession, timelineOf } = useVisits();

test("the admin can export and erase the data of a customer", async () => {
  const subject = `ada-${randomUUID()}`;
  const path = await newSession();
  await shop().post(`${path}/authenticate`, { subject });
  await shop().post(`${path}/events`, pageViewBody("https://shop.example/"));
  await shop().post(`${path}/convert`, { orderId: randomUUID(), revenue: 700, currency: "EUR" });
  await timelineOf(`${path.split("/").at(-1)}`, 2);
  const exported = await admin().get(`/api/v1/customers/${subject}`);
  expect(exported.body.data).toMatchObject({
    totals: { orders: 1, revenue: { EUR: 700 }, visits: 1 },
    events: [{ type: "page_view" }, { type: "order_completed" }],
  });
  expect((await shop().delete(`/api/v1/customers/${subject}`)).status).toBe(403);
  expect((await admin().delete(`/api/v1/customers/${subject}`)).body.data).toEqual({ erased: 1 });
  expect((await admin().get(`/api/v1/customers/${subject}`)).body.data).toMatchObject({
    events: [],
    visits: [],
  });
});

test("an erasure includes events that have not been stored yet", async () => {
  const path = await newSession();
  const { body } = await shop().post(`${path}/events`, pageViewBody("https://shop.example/"));
  const visitor = `/api/v1/visitors/${body.data?.visitorId}`;
  for (let page = 0; page < 20; page++) {
    await shop().post(`${path}/events`, pageViewBody(`https://shop.example/${page}`));
  }
  expect((await admin().delete(visitor)).body.data).toEqual({ erased: 1 });
  await storeEvents();
  expect((await admin().get(visitor)).body.data).toMatchObject({ visitors: [], events: [] });
});

test("the admin can export and erase the data of a visitor", async () => {
  const path = await newSession();
  const { body } = await shop().post(`${path}/events`, pageViewBody("https://shop.example/"));
  await timelineOf(`${path.split("/").at(-1)}`, 1);
  const visitor = `/api/v1/visitors/${body.data?.visitorId}`;
  expect((await admin().get(visitor)).body.data).toMatchObject({ visits: [{ entry_page: "/" }] });
  expect((await admin().delete(visitor)).body.data).toEqual({ erased: 1 });
  expect((await admin().get(visitor)).body.data).toMatchObject({ visitors: [], visits: [], events: [] });
});

/** Waits until all accepted events have been stored. */
async function storeEvents(): Promise<void> {
  const path = await newSession();
  await shop().post(`${path}/events`, pageViewBody("https://shop.example/last"));
  await timelineOf(`${path.split("/").at(-1)}`, 1);
}
