import { afterAll, describe, vi } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { testAccessibility } from "./back-office-accessibility.ts";
import { testActing } from "./back-office-acting.ts";
import { testAdministration } from "./back-office-administration.ts";
import { testApi } from "./back-office-api.ts";
import { testBinding } from "./back-office-binding.ts";
import { testCreation } from "./back-office-creation.ts";
import { setUpBackOffice, TEST_TIMEOUT } from "./back-office-fixtures.ts";
import { testKnownCases } from "./back-office-known-cases.ts";
import { testStock } from "./back-office-stock.ts";

/** Whether to run the tests that `npm test` leaves out; see scripts/test-back-office.ts. */
const runsAll = process.env.BACK_OFFICE_TESTS === "all";

// All tests are in one file, so that they share one build, one running office and two browsers.
describeWithProgram("chromium", "the back office", () => {
  vi.setConfig({ testTimeout: TEST_TIMEOUT });
  afterAll(() => vi.resetConfig());
  const office = setUpBackOffice();
  describe("the stock", () => testStock(office));
  if (runsAll) describe("the administration", () => testAdministration(office));
  describe("acting for a user", () => testActing(office));
  if (runsAll) describe("creation", () => testCreation(office));
  describe("the API", () => testApi(office));
  describe("known cases and problems", () => testKnownCases(office));
  if (runsAll) describe("binding", () => testBinding(office));
  if (runsAll) describe("accessibility", () => testAccessibility(office));
});

if (runsAll) await import("./back-office-postgres.ts");
