import { describe } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { testServerActions } from "./next-actions.ts";
import { testClient } from "./next-browser.ts";
import type { BuildVariant } from "./next-build.ts";
import { testServerComponents } from "./next-pages.ts";
import { testProcessEnd } from "./next-process.ts";
import { testProxy } from "./next-proxy.ts";
import { testRouteHandlers } from "./next-routes.ts";
import { setUpNextSite } from "./next-suite.ts";
import { testVisits, testVisitsInBrowser } from "./next-visits.ts";

// All tests are in one file, so that they share one build and one server. `npm run test:next` runs them for all other
// kinds of builds.
const variant: BuildVariant = JSON.parse(
  process.env.NEXT_VARIANT ??
    '{"cacheComponents":true,"bundler":"turbopack","installed":true,"minified":false}',
);

describe(`coatcheck/next, ${JSON.stringify(variant)},`, () => {
  const site = setUpNextSite(variant);
  describe("route handlers", () => testRouteHandlers(site));
  describe("server actions", () => testServerActions(site));
  describe("server components", () => testServerComponents(site));
  describe("the proxy", () => testProxy(site));
  describe("visits", () => testVisits(site));
  describeWithProgram("the client", "chromium", () => testClient(site));
  describeWithProgram("visits of pages", "chromium", () => testVisitsInBrowser(site));
  describe("the process", () => testProcessEnd(site));
});
