import { describe } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { accessibility } from "./back-office-accessibility.ts";
import { administration } from "./back-office-administration.ts";
import { setUpBackOffice } from "./back-office-fixtures.ts";
import { stock } from "./back-office-stock.ts";

// One file for all of them, so that one build, one office and two browsers serve all tests.
describeWithProgram("chromium", "the back office, in Chromium", () => {
  const office = setUpBackOffice();
  describe("the stock", () => stock(office));
  describe("the administration", () => administration(office));
  describe("accessibility", () => accessibility(office));
});
