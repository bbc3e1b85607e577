import {
  bearerAuth,
  createScript,
  type Folder,
  type RequestItem,
  type RequestParts,
  requestItem,
} from "./format.ts";

const SESSION_PATH = "/api/v1/sessions/:sessionId";
const EXAMPLE_SUBJECT = "customer-7";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/** Milliseconds between two requests for the number of page views. */
const POLL_INTERVAL = 250;
/**
 * Maximum number of requests for the number of page views. If the expected number is not reached by then, the test
 * fails.
 */
const MAX_POLLS = 40;

/** Builds the folder Storefront: a customer's requests from the first page to the order, with tests. */
export function storefront(): Folder {
  return {
    name: "Storefront",
    description:
      "Run this folder as a whole: it sends what a shop's backend sends, from a visitor's first page to the order. Each request tests its response.",
    item: [createSession(), resumeSession(), logIn(), placeOrder()],
  };
}

function createSession(): Folder {
  return {
    name: "1. Create an anonymous session",
    item: [
      storefrontStep({
        name: "Create the session",
        path: "/api/v1/sessions",
        body: { transport: "bearer", name: "storefront" },
        test: `
${expectStatus(201)}
pm.collectionVariables.set("sessionId", body.data.sessionId);
pm.collectionVariables.set("token", body.data.token);
`,
      }),
      storefrontStep({
        name: "View the product list",
        path: `${SESSION_PATH}/events`,
        body: pageViewBody("https://shop.example/products?utm_source=newsletter&utm_medium=email"),
        test: `
${expectStatus(202)}
pm.test("the session has a visitor", () => {
  pm.expect(body.data.accepted).to.equal(1);
  pm.expect(body.data.visitorId).to.match(/^[0-9a-f-]{36}$/);
});
pm.collectionVariables.set("visitorId", body.data.visitorId);
`,
      }),
      readSession({
        name: "Read the new session",
        pageViews: "1",
        test: `
pm.test("the session is anonymous and has one page view", () => {
  pm.expect(body.data.type).to.equal("anonymous");
  pm.expect(body.data.subject).to.equal(null);
  pm.expect(body.data.visitorId).to.equal(pm.collectionVariables.get("visitorId"));
  pm.expect(body.data.attribution.source).to.equal("newsletter");
  pm.expect(body.data.converted).to.equal(false);
  pm.expect(body.data.pageViews).to.equal(1);
});
pm.collectionVariables.set("pageViews", body.data.pageViews);
`,
      }),
    ],
  };
}

function resumeSession(): Folder {
  return {
    name: "2. Resume the session",
    item: [
      storefrontStep({
        name: "Look up the session by its token",
        path: "/api/v1/sessions/introspect",
        body: { token: "{{token}}" },
        test: `
${expectStatus(200)}
pm.test("the token leads to the same session", () => {
  pm.expect(body.data.active).to.equal(true);
  pm.expect(body.data.sessionId).to.equal(pm.collectionVariables.get("sessionId"));
});
`,
      }),
      storefrontStep({
        name: "View a product",
        path: `${SESSION_PATH}/events`,
        body: pageViewBody("https://shop.example/products/123"),
        test: `
${expectStatus(202)}
pm.test("the visitor is the same", () => {
  pm.expect(body.data.accepted).to.equal(1);
  pm.expect(body.data.visitorId).to.equal(pm.collectionVariables.get("visitorId"));
});
`,
      }),
      readSession({
        name: "Read the resumed session",
        pageViews: 'Number(pm.collectionVariables.get("pageViews")) + 1',
        test: `
pm.test("the session is the same and has one page view more", () => {
  pm.expect(body.data.sessionId).to.equal(pm.collectionVariables.get("sessionId"));
  pm.expect(body.data.pageViews).to.equal(Number(pm.collectionVariables.get("pageViews")) + 1);
});
`,
      }),
    ],
  };
}

function logIn(): Folder {
  return {
    name: "3. Log in",
    item: [
      storefrontStep({
        name: "Log the customer in",
        path: `${SESSION_PATH}/authenticate`,
        body: { subject: EXAMPLE_SUBJECT },
        test: `
${expectStatus(200)}
pm.test("the same session belongs to the customer", () => {
  pm.expect(body.data.session.sessionId).to.equal(pm.collectionVariables.get("sessionId"));
  pm.expect(body.data.session.type).to.equal("authenticated");
  pm.expect(body.data.session.subject).to.equal("${EXAMPLE_SUBJECT}");
  pm.expect(body.data.session.visitorId).to.equal(pm.collectionVariables.get("visitorId"));
});
pm.test("the session has a new token", () => {
  pm.expect(body.data.token).to.be.a("string");
  pm.expect(body.data.token).not.to.equal(pm.collectionVariables.get("token"));
});
pm.collectionVariables.set("token", body.data.token);
`,
      }),
    ],
  };
}

function placeOrder(): Folder {
  const order = { orderId: "{{orderId}}", revenue: 12_900, currency: "EUR" };
  const isConverted = `
${expectStatus(200)}
pm.test("the session is converted by the order", () => {
  pm.expect(body.data.sessionId).to.equal(pm.collectionVariables.get("sessionId"));
  pm.expect(body.data.converted).to.equal(true);
  pm.expect(body.data.orderId).to.equal(pm.collectionVariables.get("orderId"));
});
`;
  return {
    name: "4. Place an order",
    item: [
      storefrontStep({
        name: "Report the order",
        path: `${SESSION_PATH}/convert`,
        body: order,
        before: 'pm.collectionVariables.set("orderId", pm.variables.replaceIn("order-{{$guid}}"));',
        test: isConverted,
      }),
      storefrontStep({
        name: "Report the same order again",
        path: `${SESSION_PATH}/convert`,
        body: order,
        test: isConverted,
      }),
      storefrontStep({
        name: "Report the order with another amount",
        path: `${SESSION_PATH}/convert`,
        body: { ...order, revenue: 1 },
        test: `
${expectStatus(409)}
pm.test("the error is a conflict", () => {
  pm.expect(body.error.code).to.equal("CONFLICT");
});
`,
      }),
    ],
  };
}

interface StorefrontStep extends Pick<RequestParts, "name" | "path" | "body"> {
  readonly method?: string;
  readonly before?: string;
  /** JavaScript code that tests the response. `body` is the parsed response body. (Postman defines `data` itself.) */
  readonly test: string;
}

function storefrontStep({ name, method = "POST", path, body, before, test }: StorefrontStep): RequestItem {
  const withResponse = `const body = pm.response.json();\n${test.trim()}`;
  return requestItem({
    name,
    method,
    path,
    body,
    pathParameters: path.includes(":sessionId") ? [{ key: "sessionId", value: "{{sessionId}}" }] : [],
    auth: bearerAuth("apiKey"),
    scripts: [
      ...(before === undefined ? [] : [createScript("prerequest", before)]),
      createScript("test", withResponse),
    ],
  });
}

/** Requests the session until it has the expected number of page views. The number may be up to one second old. */
function readSession({ name, pageViews, test }: { name: string; pageViews: string; test: string }) {
  const again = `const polls = Number(pm.collectionVariables.get("polls") || 1);
if (body.data.pageViews !== ${pageViews} && polls < ${MAX_POLLS}) {
  pm.collectionVariables.set("polls", polls + 1);
  pm.execution.setNextRequest(pm.info.requestId);
} else {
  pm.collectionVariables.unset("polls");
  ${`${expectStatus(200)}${test}`.trim().replaceAll("\n", "\n  ")}
}`;
  const pause = `setTimeout(() => {}, ${POLL_INTERVAL});`;
  return storefrontStep({
    name,
    method: "GET",
    path: SESSION_PATH,
    body: undefined,
    before: pause,
    test: again,
  });
}

function pageViewBody(url: string) {
  return { page: { url }, client: { userAgent: FIREFOX }, events: [{ type: "page_view" }] };
}

function expectStatus(status: number): string {
  return `pm.test("the status is ${status}", () => {
  pm.expect(pm.response.code).to.equal(${status});
});`;
}
