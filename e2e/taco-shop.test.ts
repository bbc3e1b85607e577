import { describe } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { setUpTacoShop } from "./taco-shop-fixtures.ts";
import { testOrdering } from "./taco-shop-ordering.ts";
import { testFiles } from "./taco-shop-page.ts";

// All tests of a file share one build of the page, one running shop and two browsers.
describeWithProgram("the taco shop, in Chromium", "chromium", () => {
  const shop = setUpTacoShop();
  describe("files of the page", () => testFiles(shop));
  describe("orders", () => testOrdering(shop));
});
