import { describe } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { testAccessibility } from "./taco-shop-accessibility.ts";
import { testAccounts } from "./taco-shop-accounts.ts";
import { testDevices } from "./taco-shop-devices.ts";
import { setUpTacoShop } from "./taco-shop-fixtures.ts";
import { testLargeText } from "./taco-shop-large-text.ts";
import { testPastOrders } from "./taco-shop-past-orders.ts";
import { testSharing } from "./taco-shop-sharing.ts";
import { testTabs } from "./taco-shop-tabs.ts";

describeWithProgram("the taco shop, in Chromium", "chromium", () => {
  const shop = setUpTacoShop({ program: "chromium" });
  describe("accounts", () => testAccounts(shop));
  describe("shared orders", () => testSharing(shop));
  describe("accessibility", () => testAccessibility(shop));
  describe("a text size of 200 % on a phone of 320 px", () => testLargeText(shop));
  describe("past orders", () => testPastOrders(shop));
  describe("devices of one account", () => testDevices(shop));
  describe("tabs of one browser", () => testTabs(shop));
});
