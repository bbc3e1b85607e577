import { createConfig, lintFromString } from "@redocly/openapi-core";
import { expect, test } from "vitest";
import { ONE_BACKEND } from "./backend-fixtures.ts";
import { setUpShop } from "./shop-fixtures.ts";

const shop = setUpShop(ONE_BACKEND);

test("redocly's recommended rules report no problems in the shop's OpenAPI document", async () => {
  const source = await (await fetch(`${shop.url()}/openapi.json`)).text();
  expect(Object.keys(JSON.parse(source).paths).length).toBeGreaterThan(30);
  const config = await createConfig({ extends: ["recommended"] });
  const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
  expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
    [],
  );
});
