import { type App, failures, success, successBody } from "coatcheck-server";
import { menu, stock } from "../backend-shapes.ts";
import type { Shop } from "../shop.ts";

const tags = ["resources"];

/** Adds the routes of the menu and its stock, which need no session. */
export function menuRoutes(app: App, { backend }: Shop): void {
  app.get(
    "/api/v1/resources/stock",
    { schema: { summary: "Portions left", tags, response: { 200: success(stock), ...failures } } },
    async () => successBody(await backend.readStock()),
  );

  app.get(
    "/api/v1/resources/menu",
    {
      schema: {
        summary: "The menu, with prices and portions left",
        tags,
        response: { 200: success(menu), ...failures },
      },
    },
    async () => successBody(await backend.readMenu()),
  );
}
