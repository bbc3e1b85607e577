import { bearer, type Collection, type Folder, type Parameter, requestItem, script } from "./format.ts";
import { exampleOf, type OpenApiDocument, type OpenApiParameter, type Operation } from "./openapi.ts";
import { storefront } from "./storefront.ts";

const DESCRIPTION = `Generated from the service's OpenAPI document by \`npm run postman -w packages/server\`.

Set \`baseUrl\`, \`apiKey\` and \`adminToken\` in the collection's variables. The requests use \`sessionId\`, \`token\`,
\`visitorId\` and \`visitId\`, which the responses of other requests set: send "Create a session" first. The folder
Storefront is a sequence of requests with tests.`;

/** The variables of the collection. Parameters and members of a body that have such a name take its value. */
const VARIABLES: Readonly<Record<string, string>> = {
  baseUrl: "http://localhost:3000",
  apiKey: "",
  adminToken: "",
  sessionId: "",
  token: "",
  visitorId: "",
  visitId: "",
};

/** Operation → members of its response that later requests use, as JavaScript expressions by variable. */
const KEPT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "post /api/v1/sessions": { sessionId: "body.data?.sessionId", token: "body.data?.token" },
  "post /api/v1/sessions/{sessionId}/events": { visitorId: "body.data?.visitorId" },
  "get /api/v1/analytics/sessions/{sessionId}/timeline": { visitId: "body.data?.visits?.[0]?.id" },
};

/** Builds the collection: a folder for each tag, and the storefront's sequence. */
export function collectionOf(document: OpenApiDocument): Collection {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ document, path, method, operation })),
  );
  const byTag = Map.groupBy(operations, ({ operation }) => operation.tags?.[0] ?? "other");
  const folders = [...byTag].map(
    ([name, members]): Folder => ({ name, item: members.map((each) => itemOf(each)) }),
  );
  return {
    info: {
      // Constant, so that an import replaces the collection of an earlier one.
      _postman_id: "6f1f4d0e-0f6c-4c39-9a57-3c0b6f2f9f10",
      name: "Coatcheck",
      description: DESCRIPTION,
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    auth: bearer("apiKey"),
    event: [
      script("prerequest", 'pm.collectionVariables.set("today", new Date().toISOString().slice(0, 10));'),
    ],
    variable: Object.entries(VARIABLES).map(([key, value]) => ({ key, value })),
    item: [storefront(), ...folders],
  };
}

/** An operation and its place in the document. */
interface Place {
  readonly document: OpenApiDocument;
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

function itemOf({ document, path, method, operation }: Place) {
  const where = `${method} ${path}`;
  const { parameters = [], summary, description } = operation;
  const inPlace = (place: OpenApiParameter["in"]) =>
    parameters.filter((each) => each.in === place).map((each) => parameterOf(each, where, document));
  const kept = KEPT[where];
  return requestItem({
    name: summary,
    method: method.toUpperCase(),
    path: path.replace(/\{(\w+)\}/g, ":$1"),
    pathParameters: inPlace("path"),
    query: inPlace("query"),
    headers: inPlace("header"),
    body: bodyOf(operation, where, document),
    description,
    auth: authOf(operation),
    scripts: kept ? [keepScript(kept)] : [],
  });
}

/** Optional parameters are disabled. */
function parameterOf(parameter: OpenApiParameter, where: string, document: OpenApiDocument): Parameter {
  const { name, description, required = false } = parameter;
  return {
    key: name,
    value: name in VARIABLES ? `{{${name}}}` : parameterValue(parameter, where, document),
    ...(description === undefined ? {} : { description }),
    ...(required ? {} : { disabled: true as const }),
  };
}

/** The text of a parameter; empty for an optional one without an example. */
function parameterValue(parameter: OpenApiParameter, where: string, document: OpenApiDocument): string {
  if (parameter.schema.format === "date") return "{{today}}";
  const schema = parameter.required ? parameter.schema : { default: "", ...parameter.schema };
  return String(exampleOf({ ...parameter, schema }, `${where} ${parameter.name}`, document));
}

function bodyOf({ requestBody }: Operation, where: string, document: OpenApiDocument): unknown {
  const content = requestBody?.content["application/json"];
  if (content === undefined) return undefined;
  const members = Object.entries(exampleOf(content, `${where} body`, document) as object);
  return Object.fromEntries(
    members.map(([name, value]) => [name, name in VARIABLES ? `{{${name}}}` : value]),
  );
}

/** The admin token where the operation is for the admin, and nothing where it needs no credential. */
function authOf({ security }: Operation) {
  if (security === undefined) return undefined;
  if (security.length === 0) return { type: "noauth" as const };
  const isForAdmin = security.some(({ key = [] }) => key.includes("admin"));
  return isForAdmin ? bearer("adminToken") : undefined;
}

function keepScript(kept: Readonly<Record<string, string>>) {
  const lines = Object.entries(kept).map(
    ([name, expression]) => `if (${expression}) pm.collectionVariables.set("${name}", ${expression});`,
  );
  return script("test", ["const body = pm.response.json();", ...lines].join("\n"));
}
