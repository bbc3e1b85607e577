import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser } from "../../../e2e/chromium.ts";
import { describeWithProgram } from "../../../scripts/test-programs/describe.ts";
import { ONE_BACKEND } from "./backend-fixtures.ts";
import { setUpShop } from "./shop-fixtures.ts";

const WORKFLOW = readFileSync(new URL("specification-workflow.txt", import.meta.url), "utf8");

describeWithProgram("the specification's example with two users, in Chromium", "chromium", () => {
  const shop = setUpShop(ONE_BACKEND);
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  test("two orders are placed, and their sessions are children of the browser's session", async () => {
    const page = await browser.context.newPage();
    await page.goto(`${shop.url()}/health`);
    const responses: [string, number][] = [];
    page.on("response", (response) => {
      const path = new URL(response.url()).pathname.replace(/[0-9a-f-]{36}/, ":id");
      responses.push([`${response.request().method()} ${path}`, response.status()]);
    });
    await page.evaluate(`(async () => { ${WORKFLOW} })()`);
    expect(responses).toEqual([
      ["POST /api/v1/sessions", 201],
      ["POST /api/v1/sessions/:id/cart/tacos", 201],
      ["POST /api/v1/sessions", 201],
      ["POST /api/v1/sessions/:id/cart/tacos", 201],
      ["PUT /api/v1/sessions/:id/cart/tacos/0", 200],
      ["POST /api/v1/sessions/:id/orders", 201],
      ["POST /api/v1/sessions/:id/orders", 201],
    ]);
    const cookies = await browser.context.cookies();
    expect(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite])).toEqual([
      ["sid", true, "Lax"],
    ]);
    const { body } = await shop.admin().get("/sessions");
    const parents = body.data.sessions.map(
      (session) => Reflect.get(session, "parentId") ?? "the browser's own",
    );
    expect(new Set(parents).size).toBe(2);
    expect(body.data.sessions).toHaveLength(3);
  });
});
