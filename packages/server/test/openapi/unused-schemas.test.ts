import { expect, test } from "vitest";
import { removeUnusedSchemas } from "../../src/openapi-schemas.ts";

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });

test("removeUnusedSchemas() keeps the schemas that an operation references, directly or through another schema", () => {
  const document = {
    paths: { "/sessions": { get: { schema: reference("Session") } } },
    components: {
      securitySchemes: { key: {} },
      schemas: { Session: { client: reference("Client") }, Client: {}, Order: { self: reference("Order") } },
    },
  };
  removeUnusedSchemas(document);
  expect(document).toEqual({
    paths: { "/sessions": { get: { schema: reference("Session") } } },
    components: {
      securitySchemes: { key: {} },
      schemas: { Session: { client: reference("Client") }, Client: {} },
    },
  });
});
