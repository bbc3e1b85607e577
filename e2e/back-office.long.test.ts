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

// All tests are in one file, so that they share one build, one running office and two browsers.
describeWithProgram("the back office", "chromium", () => {
  vi.setConfig({ testTimeout: TEST_TIMEOUT });
  afterAll(() => vi.resetConfig());
  const office = setUpBackOffice();
  describe("the stock", () => testStock(office));
  describe("the administration", () => testAdministration(office));
  describe("acting for a user", () => testActing(office));
  describe("creation", () => testCreation(office));
  describe("the API", () => testApi(office));
  describe("known cases and problems", () => testKnownCases(office));
  describe("binding", () => testBinding(office));
  describe("accessibility", () => testAccessibility(office));
});
