import { describe } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { testAccessibility } from "./back-office-accessibility.ts";
import { testAdministration } from "./back-office-administration.ts";
import { setUpBackOffice } from "./back-office-fixtures.ts";
import { testStock } from "./back-office-stock.ts";

// All tests are in one file, so that they share one build, one running office and two browsers.
describeWithProgram("chromium", "the back office", () => {
  const office = setUpBackOffice();
  describe("the stock", () => testStock(office));
  describe("the administration", () => testAdministration(office));
  describe("accessibility", () => testAccessibility(office));
});
