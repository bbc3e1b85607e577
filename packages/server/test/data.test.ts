import { expect, test } from "vitest";
import { API_KEYS } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

const service = useService();

test("a merge patch changes only the members that it contains", async () => {
  const browser = new TestClient(service().url);
  const path = `${await browser.create()}/data`;
  expect((await browser.get(path)).body).toEqual({ success: true, data: {} });
  await browser.patch(path, { cart: { a: 1, b: 2 }, theme: "dark" });
  const { body } = await browser.patch(
    path,
    { cart: { a: null, c: [3] } },
    { "content-type": "application/merge-patch+json" },
  );
  expect(body.data).toEqual({ cart: { b: 2, c: [3] }, theme: "dark" });
  expect((await browser.get(path)).body.data).toEqual({ cart: { b: 2, c: [3] }, theme: "dark" });
});

test("a patch with If-Match is rejected if the version differs", async () => {
  const slack = new TestClient(service().url, API_KEYS.slack);
  const path = `${await slack.create()}/data`;
  const { headers } = await slack.get(path);
  const etag = headers.get("etag") ?? "";
  expect(etag).toBe('"1"');
  const first = await slack.patch(path, { by: "first" }, { "if-match": etag });
  expect([first.status, first.headers.get("etag")]).toEqual([200, '"2"']);
  const second = await slack.patch(path, { by: "second" }, { "if-match": etag });
  expect([second.status, second.body.error?.code]).toEqual([409, "CONFLICT"]);
  const odd = await slack.patch(path, { by: "odd" }, { "if-match": "yesterday" });
  expect([odd.status, odd.body.error?.faults?.[0]?.path]).toEqual([400, "if-match"]);
  expect((await slack.get(path)).body.data).toEqual({ by: "first" });
});

test("20 concurrent patches are all applied", async () => {
  const browser = new TestClient(service().url);
  const path = `${await browser.create()}/data`;
  const names = Array.from({ length: 20 }, (_, index) => `field${index}`);
  const responses = await Promise.all(names.map((name) => browser.patch(path, { [name]: name })));
  expect(responses.map(({ status }) => status)).toEqual(names.map(() => 200));
  const { body } = await browser.get(path);
  expect(body.data).toEqual(Object.fromEntries(names.map((name) => [name, name])));
});

test("data of 64 KB is accepted, and larger data is rejected without a change", async () => {
  const browser = new TestClient(service().url);
  const path = `${await browser.create()}/data`;
  const room = 64 * 1024 - '{"text":""}'.length;
  expect((await browser.patch(path, { text: "x".repeat(room) })).status).toBe(200);
  for (const text of ["x".repeat(room + 1), "x".repeat(200_000)]) {
    const { status, body } = await browser.patch(path, { text });
    expect([status, body.error?.code]).toEqual([413, "PAYLOAD_TOO_LARGE"]);
  }
  expect(String((await browser.get(path)).body.data?.text)).toHaveLength(room);
});
