import {
  bearerAuth,
  type Collection,
  createScript,
  type Folder,
  type Parameter,
  requestItem,
} from "./format.ts";
import { exampleOf, type OpenApiDocument, type OpenApiParameter, type Operation } from "./openapi.ts";
import { storefront } from "./storefront.ts";

const DESCRIPTION = `Generated from the service's OpenAPI document by \`npm run postman -w packages/server\`.

Set \`baseUrl\`, \`apiKey\` and \`adminToken\` in the collection's variables. The requests use \`sessionId\`, \`token\`,
\`visitorId\` and \`visitId\`, which the responses of other requests set: send "Create a session" first. The folder
Storefront is a sequence of requests with tests.`;

/**
 * The variables of the collection. A parameter or body member with the name of a variable gets the variable's value.
 */
const VARIABLES: Readonly<Record<string, string>> = {
  baseUrl: "http://localhost:3000",
  apiKey: "",
  adminToken: "",
  sessionId: "",
  token: "",
  visitorId: "",
  visitId: "",
};

/** Operation → variable → JavaScript expression that reads the variable's value from the response. */
const SAVED_VARIABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "post /api/v1/sessions": { sessionId: "body.data?.sessionId", token: "body.data?.token" },
  "post /api/v1/sessions/{sessionId}/events": { visitorId: "body.data?.visitorId" },
  "get /api/v1/analytics/sessions/{sessionId}/timeline": { visitId: "body.data?.visits?.[0]?.id" },
};

/** Builds the collection: one folder per tag of the API, and the folder Storefront. */
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
      // This id is constant, so that a new import replaces the previously imported collection.
      _postman_id: "6f1f4d0e-0f6c-4c39-9a57-3c0b6f2f9f10",
      name: "Coatcheck",
      description: DESCRIPTION,
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    auth: bearerAuth("apiKey"),
    event: [
      createScript(
        "prerequest",
        'pm.collectionVariables.set("today", new Date().toISOString().slice(0, 10));',
      ),
    ],
    variable: Object.entries(VARIABLES).map(([key, value]) => ({ key, value })),
    item: [storefront(), ...folders],
  };
}

/** An operation with its path and method in the document. */
interface LocatedOperation {
  readonly document: OpenApiDocument;
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

function itemOf({ document, path, method, operation }: LocatedOperation) {
  const where = `${method} ${path}`;
  const { parameters = [], summary, description } = operation;
  const inPlace = (place: OpenApiParameter["in"]) =>
    parameters.filter((each) => each.in === place).map((each) => parameterOf(each, where, document));
  const kept = SAVED_VARIABLES[where];
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
    scripts: kept ? [saveVariablesScript(kept)] : [],
  });
}

/** Converts a parameter. An optional parameter is disabled, so that Postman does not send it. */
function parameterOf(parameter: OpenApiParameter, where: string, document: OpenApiDocument): Parameter {
  const { name, description, required = false } = parameter;
  return {
    key: name,
    value: name in VARIABLES ? `{{${name}}}` : parameterValue(parameter, where, document),
    ...(description === undefined ? {} : { description }),
    ...(required ? {} : { disabled: true as const }),
  };
}

/** Returns the value of a parameter, or an empty string for an optional parameter without an example. */
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

/** Returns the admin token for operations of the admin, and `noauth` for operations that need no credential. */
function authOf({ security }: Operation) {
  if (security === undefined) return undefined;
  if (security.length === 0) return { type: "noauth" as const };
  const isForAdmin = security.some(({ key = [] }) => key.includes("admin"));
  return isForAdmin ? bearerAuth("adminToken") : undefined;
}

function saveVariablesScript(kept: Readonly<Record<string, string>>) {
  const lines = Object.entries(kept).map(
    ([name, expression]) => `if (${expression}) pm.collectionVariables.set("${name}", ${expression});`,
  );
  return createScript("test", ["const body = pm.response.json();", ...lines].join("\n"));
}
