import { describe } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { accounts } from "./taco-shop-accounts.ts";
import { devices } from "./taco-shop-devices.ts";
import { ordering } from "./taco-shop-ordering.ts";
import { reach } from "./taco-shop-reach.ts";
import { sharing } from "./taco-shop-sharing.ts";
import { setTacoShop } from "./taco-shop-site.ts";
import { tabs } from "./taco-shop-tabs.ts";

// In one file: the page is built once, and one shop and two browsers serve all.
describeWithProgram("chromium", "the taco shop, in Chromium", () => {
  const shop = setTacoShop();
  describe("ordering", () => ordering(shop));
  describe("sharing", () => sharing(shop));
  describe("within reach", () => reach(shop));
  describe("accounts", () => accounts(shop));
  describe("devices", () => devices(shop));
  describe("tabs", () => tabs(shop));
});
