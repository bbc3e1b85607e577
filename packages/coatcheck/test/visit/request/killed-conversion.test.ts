import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { createTemporaryFolder } from "../ingest/folders.ts";
import { openShop, viewPage } from "./converting-shop.ts";

const ORDER = { orderId: "o-1", revenue: 1990, currency: "EUR" };
const script = fileURLToPath(new URL("converting-process.ts", import.meta.url));

/** Runs the converting process until it is killed. Returns the browser's cookies. */
async function killWhileConverting(folder: string): Promise<string> {
  const args = ["--conditions=coatcheck-source", script, folder, JSON.stringify(ORDER)];
  const killed: { signal?: string; stdout?: string } = await promisify(execFile)(process.execPath, args).then(
    () => ({}),
    (error) => error,
  );
  expect(killed.signal).toBe("SIGKILL");
  return killed.stdout ?? "";
}

it("the session's next request completes a conversion that was interrupted by kill -9", async () => {
  const folder = createTemporaryFolder();
  const cookie = await killWhileConverting(folder);
  const shop = openShop(folder);
  try {
    const [record] = (await shop.manager.list({}, { limit: 1 })).records;
    expect(record?.conversion).toMatchObject(ORDER);
    expect(await shop.sink.findOrder(null, "o-1")).toBeNull();

    const { sessionId } = await viewPage(shop, cookie);
    await shop.visits.flush();
    expect(sessionId).toBe(record?.id);
    const { visitorId } = record ?? {};
    expect(await shop.sink.findOrder(null, "o-1")).toEqual({
      ...ORDER,
      sessionId,
      visitorId,
      at: record?.conversion?.at,
    });
    const { visits } = await shop.sink.exportPerson({ visitorId: visitorId ?? "", tenant: null });
    expect(visits).toMatchObject([{ orders: 1, page_views: 2 }]);
  } finally {
    await shop.visits.close();
    await shop.manager.close();
    rmSync(folder, { recursive: true });
  }
});
