import { describe } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { serverActions } from "./next-actions.ts";
import { browser } from "./next-browser.ts";
import { serverComponents } from "./next-pages.ts";
import { processEnd } from "./next-process.ts";
import { proxy } from "./next-proxy.ts";
import { routeHandlers } from "./next-routes.ts";
import { setUpNextSite } from "./next-suite.ts";

// One file for all of them, so that one build and one server serve all tests. `npm run test:next` runs them for every other
// way to build.
const variant = JSON.parse(
  process.env.NEXT_VARIANT ?? '{"cacheComponents":true,"bundler":"turbopack","installed":true}',
);

describe(`coatcheck/next, ${JSON.stringify(variant)},`, () => {
  const site = setUpNextSite(variant);
  describe("route handlers", () => routeHandlers(site));
  describe("server actions", () => serverActions(site));
  describe("server components", () => serverComponents(site));
  describe("the proxy", () => proxy(site));
  describeWithProgram("chromium", "the client", () => browser(site));
  describe("the process", () => processEnd(site));
});
