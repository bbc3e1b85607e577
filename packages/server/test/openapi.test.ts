import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { ADMIN_TOKEN, useServiceProcess } from "./fixtures.ts";
import { TestClient } from "./test-client.ts";

const service = useServiceProcess();

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Record<string, object> };
}

/** Returns a function that compiles a schema of the document into a validator. */
function compilerOf(document: Document): (schema: object) => (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: "document", ...document });
  return (schema) => {
    const text = JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"document#/');
    return ajv.compile<unknown>(JSON.parse(text));
  };
}

async function readDocument(): Promise<Document> {
  const response = await fetch(`${service().url}/openapi.json`);
  expect(response.status).toBe(200);
  return (await response.json()) as Document;
}

test("the OpenAPI document contains every route", async () => {
  const { paths } = await readDocument();
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.sort()).toEqual([
    "DELETE /api/v1/customers/{subject}",
    "DELETE /api/v1/sessions",
    "DELETE /api/v1/sessions/{sessionId}",
    "DELETE /api/v1/subjects/{subject}/sessions",
    "DELETE /api/v1/visitors/{visitorId}",
    "GET /api/v1/analytics/attribution",
    "GET /api/v1/analytics/breakdown",
    "GET /api/v1/analytics/customers/{subject}/journey",
    "GET /api/v1/analytics/funnel",
    "GET /api/v1/analytics/live",
    "GET /api/v1/analytics/overview",
    "GET /api/v1/analytics/retention",
    "GET /api/v1/analytics/sessions/{sessionId}/timeline",
    "GET /api/v1/analytics/visitors/{visitorId}/journey",
    "GET /api/v1/analytics/visits/{visitId}/timeline",
    "GET /api/v1/customers/{subject}",
    "GET /api/v1/jobs",
    "GET /api/v1/sessions",
    "GET /api/v1/sessions/stats",
    "GET /api/v1/sessions/{sessionId}",
    "GET /api/v1/sessions/{sessionId}/data",
    "GET /api/v1/subjects/{subject}/sessions",
    "GET /api/v1/visitors/{visitorId}",
    "GET /health",
    "GET /metrics",
    "GET /ready",
    "PATCH /api/v1/sessions/{sessionId}/data",
    "POST /api/v1/jobs/{name}/run",
    "POST /api/v1/sessions",
    "POST /api/v1/sessions/introspect",
    "POST /api/v1/sessions/{sessionId}/authenticate",
    "POST /api/v1/sessions/{sessionId}/convert",
    "POST /api/v1/sessions/{sessionId}/elevate",
    "POST /api/v1/sessions/{sessionId}/events",
    "POST /api/v1/sessions/{sessionId}/rotate",
  ]);
});

test("the OpenAPI document has version 3.1 and valid schemas", async () => {
  const document = await readDocument();
  expect(document).toMatchObject({ openapi: "3.1.0", info: { title: "Coatcheck" } });
  const compiler = compilerOf(document);
  let count = 0;
  const compile = (schema: object) => {
    expect(() => compiler(schema)).not.toThrow();
    count++;
  };
  for (const [path, methods] of Object.entries(document.paths)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const operation of Object.values(methods)) {
      const { summary, parameters = [], requestBody, responses } = operation;
      expect(summary).toBeTruthy();
      expect(parameters.filter((each) => each.in === "path").map(({ name }) => name)).toEqual(inPath);
      expect(Object.keys(responses)).toContainEqual(expect.stringMatching(/^2\d\d$/));
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(["4XX", "5XX"]));
      for (const { schema } of parameters) compile(schema);
      for (const { schema } of Object.values(requestBody?.content ?? {})) compile(schema);
      for (const { content = {} } of Object.values(responses)) {
        for (const { schema } of Object.values(content)) compile(schema);
      }
    }
  }
  expect(count).toBeGreaterThan(40);
});

test("responses and errors match the OpenAPI document", async () => {
  const document = await readDocument();
  const compile = compilerOf(document);
  const session = await new TestClient(service().url, ADMIN_TOKEN).create({ metadata: { from: "a test" } });
  for (const [path, { get }] of Object.entries(document.paths)) {
    if (get === undefined) continue;
    const url = service().url + path.replace(/^.*\{sessionId\}/, session).replace("{subject}", "alice");
    for (const key of [ADMIN_TOKEN, "an unknown key"]) {
      const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
      const { content = {} } = get.responses[response.status === 200 ? 200 : "4XX"] ?? {};
      const type = response.headers.get("content-type")?.split(";")[0] ?? "";
      expect(Object.keys(content), path).toContain(type);
      const body = type === "text/plain" ? await response.text() : await response.json();
      expect(compile(content[type]?.schema ?? {})(body), path).toBe(true);
    }
  }
});

test("the OpenAPI document describes the reserved members of data", async () => {
  const { paths, components } = await readDocument();
  const { get, patch } = paths["/api/v1/sessions/{sessionId}/data"] ?? {};
  for (const operation of [get, patch]) expect(operation?.description).toContain("begin with `$`");
  const namesOfData = { propertyNames: { pattern: "^(?!\\$)" } };
  const json = "application/json";
  const reference = { $ref: "#/components/schemas/DataPatchInput" };
  expect(patch?.requestBody?.content[json]?.schema).toEqual(reference);
  expect(components.schemas.DataPatchInput).toMatchObject(namesOfData);
  for (const operation of [get, patch]) {
    const schema = operation?.responses["200"]?.content?.[json]?.schema;
    expect(schema).toMatchObject({ properties: { data: namesOfData } });
  }
});

test("/docs serves its files, and its Content-Security-Policy allows them", async () => {
  const page = await fetch(`${service().url}/docs`);
  expect(page.headers.get("content-type")).toContain("text/html");
  const html = await page.text();
  const files = [...html.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(([, file]) => file);
  expect(files.length).toBeGreaterThan(2);
  for (const file of files) expect((await fetch(new URL(file ?? "", page.url))).status).toBe(200);
  expect(html).not.toMatch(/<script>[^<]/);
  expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
});

test("a request for a file of /docs with an invalid Range or conditional header responds 400", async () => {
  const file = `${service().url}/docs/static/swagger-ui.css`;
  for (const headers of [{ range: "bytes=9999999-" }, { "if-match": '"another"' }]) {
    const response = await fetch(file, { headers: new Headers(headers) });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { code: "VALIDATION_FAILED" } },
    ]);
  }
  expect(service().command.output).not.toContain('"level":50');
});
