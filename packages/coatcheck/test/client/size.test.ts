import { readFileSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import { measureSizes, quoteOf, type Sizes } from "../../../../scripts/sizes.ts";

let sizes: Sizes;

beforeAll(async () => {
  sizes = await measureSizes();
  console.log(sizes);
});

it("the client bundle is at most 4.5 KB gzipped, nanostores included", () => {
  expect(sizes.client).toBeLessThanOrEqual(4.5 * 1024);
});

it("the React hooks and components add at most 2.5 KB gzipped, React not included", () => {
  expect(sizes.react).toBeLessThanOrEqual(2.5 * 1024);
});

it("the tracker is at most 2 KB gzipped", () => {
  expect(sizes.tracker).toBeLessThanOrEqual(2 * 1024);
});

it("the session cookie's value has 50 bytes, regardless of the size of the session's data", () => {
  expect(sizes.cookie).toBe(50);
});

it("the README quotes the measured sizes (`npm run sizes` updates it)", () => {
  const readme = readFileSync(new URL("../../../../README.md", import.meta.url), "utf8");
  expect(readme).toContain(quoteOf(sizes));
});
