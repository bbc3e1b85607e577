import type { Person, VisitMaintenance } from "coatcheck/visit/sqlite";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { App } from "../fastify-app.ts";
import { count, isoTime, nullable, tenant, visitorIdText } from "../fields.ts";
import { requireAdmin } from "../ownership.ts";
import { adminSecurity, failures, subjectParams, success } from "../schemas.ts";
import { successBody, toIso } from "../views.ts";
import { revenue } from "../visits/answer-schemas.ts";
import type { RouteContext } from "./context.ts";

const tags = ["visits"];
const databaseRows = (description: string) =>
  z
    .array(z.record(z.string(), z.unknown()))
    .meta({ examples: [[{ id: "7d6c4e1a-52b8-4f0e-9a3d-1c2b3a4d5e6f" }]] })
    .describe(description);

const visitorParams = z.object({ visitorId: visitorIdText });
const tenantQuery = z.strictObject({
  tenant: tenant.min(0).optional().describe("The tenant of the person. Default: none."),
});

const personalData = z
  .object({
    visitors: databaseRows("Browsers."),
    visits: databaseRows("Visits."),
    sessions: databaseRows("Which visit belongs to which session."),
    journeys: databaseRows("The steps of each visit."),
    events: databaseRows("Events."),
    orders: databaseRows("Orders."),
  })
  .meta({ id: "PersonalData" })
  .describe("Everything that is stored about the person's visits, as rows of the database.");

const customerData = personalData.extend({
  totals: z
    .object({
      orders: count.describe("Orders that the customer placed."),
      revenue,
      visits: count.describe("Visits during which the customer was logged in."),
      firstVisitAt: nullable(isoTime).describe("When the first visit began. Null without visits."),
      lastVisitAt: nullable(isoTime).describe("When the last visit began. Null without visits."),
    })
    .describe("Totals of the customer."),
});

const erasureResult = z.object({ erased: count.describe("Number of visitors that were erased.") });

/** Access to the stored data of people, and to the events that this node has not stored yet. */
export interface People {
  readonly maintenance: VisitMaintenance;
  /**
   * Stores the waiting events. Call it before an erasure; otherwise waiting events of the erased person would be stored
   * afterwards.
   */
  flush(): Promise<void>;
}

/** Adds the routes that export and erase a person's data. */
export function peopleRoutes(app: App, { authenticator }: RouteContext, people: People): void {
  const { maintenance: visits, flush } = people;
  const authorize = async (request: FastifyRequest) => {
    requireAdmin(await authenticator.authenticate(request));
    await flush();
  };
  const eraseDescription =
    "Erases events, visits and the visitor. Orders stay as amounts without a person. The sessions stay; end them with their own routes.";

  app.get(
    "/api/v1/visitors/:visitorId",
    {
      schema: {
        operationId: "exportVisitor",
        summary: "Export what is stored about a visitor (admin)",
        tags,
        security: adminSecurity,
        params: visitorParams,
        querystring: tenantQuery,
        response: { 200: success(personalData), ...failures },
      },
    },
    async (request) => {
      await authorize(request);
      return successBody(mutableCopy(await visits.exportPerson(visitorOf(request))));
    },
  );

  app.delete(
    "/api/v1/visitors/:visitorId",
    {
      schema: {
        operationId: "eraseVisitor",
        summary: "Erase a visitor (admin)",
        description: eraseDescription,
        tags,
        security: adminSecurity,
        params: visitorParams,
        querystring: tenantQuery,
        response: { 200: success(erasureResult), ...failures },
      },
    },
    async (request) => {
      await authorize(request);
      return successBody({ erased: await visits.erasePerson(visitorOf(request)) });
    },
  );

  app.get(
    "/api/v1/customers/:subject",
    {
      schema: {
        operationId: "exportCustomer",
        summary: "Export what is stored about a customer's visits, with totals (admin)",
        tags,
        security: adminSecurity,
        params: subjectParams,
        querystring: tenantQuery,
        response: { 200: success(customerData), ...failures },
      },
    },
    async (request) => {
      await authorize(request);
      const { subject } = request.params;
      const { tenant = null } = request.query;
      const { firstVisitAt, lastVisitAt, revenue, ...totals } = await visits.customerTotals(tenant, subject);
      const data = mutableCopy(await visits.exportPerson({ subject, tenant }));
      return successBody({
        ...data,
        totals: {
          ...totals,
          revenue: { ...revenue },
          firstVisitAt: firstVisitAt === null ? null : toIso(firstVisitAt),
          lastVisitAt: lastVisitAt === null ? null : toIso(lastVisitAt),
        },
      });
    },
  );

  app.delete(
    "/api/v1/customers/:subject",
    {
      schema: {
        operationId: "eraseCustomer",
        summary: "Erase the visitors that a customer was logged in as (admin)",
        description: eraseDescription,
        tags,
        security: adminSecurity,
        params: subjectParams,
        querystring: tenantQuery,
        response: { 200: success(erasureResult), ...failures },
      },
    },
    async (request) => {
      await authorize(request);
      const { subject } = request.params;
      return successBody({
        erased: await visits.erasePerson({ subject, tenant: request.query.tenant ?? null }),
      });
    },
  );
}

function visitorOf({ params, query }: FastifyRequest): Person {
  const { visitorId } = params as z.output<typeof visitorParams>;
  return { visitorId, tenant: (query as z.output<typeof tenantQuery>).tenant ?? null };
}

/** Copies the data with mutable arrays, as the type of the response schema requires. */
function mutableCopy(data: Awaited<ReturnType<VisitMaintenance["exportPerson"]>>) {
  const { visitors, visits, sessions, journeys, events, orders } = data;
  return {
    visitors: [...visitors],
    visits: [...visits],
    sessions: [...sessions],
    journeys: [...journeys],
    events: [...events],
    orders: [...orders],
  };
}
