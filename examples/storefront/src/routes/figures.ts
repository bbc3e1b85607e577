import { Router } from "express";
import { figuresPage } from "../pages/figures.ts";
import { flushVisits, type Storefront } from "../storefront.ts";

/** Creates the route of the operator's page with today's figures. A real shop would show it only to its staff. */
export function figureRoutes(shop: Storefront): Router {
  const router = Router();
  router.get("/figures", async (_request, response) => {
    await flushVisits(shop);
    const day = todayIn(shop.timeZone, shop.clock.now());
    const range = { from: day, to: day };
    const { questions } = shop;
    const [overview, live, funnel, channels, pages] = await Promise.all([
      questions.overview({ ...range, compare: "previous", grain: "hour" }),
      questions.live(),
      questions.funnel(range),
      questions.breakdown({ ...range, dimension: "channel", limit: 10 }),
      questions.breakdown({ ...range, dimension: "page", limit: 10 }),
    ]);
    response.set({ "cache-control": "no-store", "x-robots-tag": "noindex" });
    response.type("html").send(figuresPage({ overview, live, funnel, channels, pages }));
  });
  return router;
}

/** Returns the local date, such as `2026-03-29`. The Swedish locale formats dates as ISO 8601. */
function todayIn(timeZone: string, now: number): string {
  return new Date(now).toLocaleDateString("sv-SE", { timeZone });
}
