import { describe } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { accessibility } from "./taco-shop-accessibility.ts";
import { accounts } from "./taco-shop-accounts.ts";
import { devices } from "./taco-shop-devices.ts";
import { setUpTacoShop } from "./taco-shop-fixtures.ts";
import { ordering } from "./taco-shop-ordering.ts";
import { files } from "./taco-shop-page.ts";
import { sharing } from "./taco-shop-sharing.ts";
import { tabs } from "./taco-shop-tabs.ts";

// One file for all of them, so that the page is built once, and one shop and two browsers serve all tests.
describeWithProgram("chromium", "the taco shop, in Chromium", () => {
  const shop = setUpTacoShop();
  describe("the page's files", () => files(shop));
  describe("an order", () => ordering(shop));
  describe("a shared order", () => sharing(shop));
  describe("accessibility", () => accessibility(shop));
  describe("an account", () => accounts(shop));
  describe("devices of one account", () => devices(shop));
  describe("tabs of one browser", () => tabs(shop));
});
