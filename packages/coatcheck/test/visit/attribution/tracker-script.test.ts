import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { buildTrackerScript } from "../../../../../scripts/tracker-script.ts";
import { TRACKER_SCRIPT } from "../../../src/visit/tracker/script-text.ts";
import { TestPage } from "./tracker-fixtures.ts";

it("TRACKER_SCRIPT equals the built source (run `npm run build:tracker` to update it)", async () => {
  expect(TRACKER_SCRIPT).toBe(await buildTrackerScript());
});

it("TRACKER_SCRIPT derives the beacon path from its own address and starts one tracker", async () => {
  const page = new TestPage();
  const { document, ...scope } = page.scope;
  class HTMLScriptElement {
    readonly src = "https://shop.example/shop/visit.js?v=1";
  }
  Object.assign(document, { currentScript: new HTMLScriptElement() });
  const global = { ...scope, document, HTMLScriptElement, URL, Blob, coatcheck: undefined };
  runInNewContext(TRACKER_SCRIPT, global);
  const first = global.coatcheck;
  expect(first).toHaveProperty("track");
  runInNewContext(TRACKER_SCRIPT, global);
  expect(global.coatcheck).toBe(first);
  await page.advance(500);
  expect(page.sentBeacons.map(({ path, body }) => [path, body.events.length])).toEqual([["/shop/visit", 1]]);
});
