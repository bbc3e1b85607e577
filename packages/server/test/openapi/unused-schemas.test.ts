import { expect, test } from "vitest";
import { removeUnusedSchemas } from "../../src/openapi-schemas.ts";

const referenceTo = (name: string) => ({ $ref: `#/components/schemas/${name}` });

test("removeUnusedSchemas() keeps the schemas that an operation references, directly or through another schema", () => {
  const document = {
    paths: { "/sessions": { get: { schema: referenceTo("Session") } } },
    components: {
      securitySchemes: { key: {} },
      schemas: {
        Session: { client: referenceTo("Client") },
        Client: {},
        Order: { self: referenceTo("Order") },
      },
    },
  };
  removeUnusedSchemas(document);
  expect(document).toEqual({
    paths: { "/sessions": { get: { schema: referenceTo("Session") } } },
    components: {
      securitySchemes: { key: {} },
      schemas: { Session: { client: referenceTo("Client") }, Client: {} },
    },
  });
});
