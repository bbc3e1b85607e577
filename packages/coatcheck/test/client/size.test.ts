import { readFileSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import { measureSizes, quoteOf, type Sizes } from "../../../../scripts/sizes.ts";

let sizes: Sizes;

beforeAll(async () => {
  sizes = await measureSizes();
  console.log(sizes);
});

it("keeps the client within 4 KB, nanostores included", () => {
  expect(sizes.client).toBeLessThanOrEqual(4 * 1024);
});

it("keeps the React hooks and components within 2 KB more", () => {
  expect(sizes.react).toBeLessThanOrEqual(2 * 1024);
});

it("gives a browser a cookie of 50 bytes, whatever its session keeps", () => {
  expect(sizes.cookie).toBe(50);
});

it("says so in the README; `npm run sizes` renews it", () => {
  const readme = readFileSync(new URL("../../../../README.md", import.meta.url), "utf8");
  expect(readme).toContain(quoteOf(sizes));
});
