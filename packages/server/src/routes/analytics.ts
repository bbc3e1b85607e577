import { CoatcheckError } from "coatcheck";
import {
  type Answer,
  type AttributionRequest,
  type BreakdownRequest,
  type FunnelRequest,
  type JourneyOptions,
  type LiveRequest,
  type OverviewRequest,
  type PageOptions,
  type Questions,
  type RetentionRequest,
  toCsv,
} from "coatcheck/visit/questions";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { App } from "../fastify-app.ts";
import { visitIdText, visitorIdText } from "../fields.ts";
import { requirePrincipal } from "../ownership.ts";
import { failures, sessionParams, subjectParams, success } from "../schemas.ts";
import { successBody } from "../views.ts";
import * as answers from "../visits/answer-schemas.ts";
import * as queries from "../visits/question-schemas.ts";
import * as timelines from "../visits/timeline-schemas.ts";
import type { RouteContext } from "./context.ts";

const ANALYTICS_PATH = "/api/v1/analytics";

const visitParams = z.object({ visitId: visitIdText });
const visitorParams = z.object({ visitorId: visitorIdText });

/** An analytics query and the route that runs it. */
interface AnalyticsRoute {
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly query: z.ZodType;
  readonly params?: z.ZodType;
  readonly answer: z.ZodType;
  /** Returns null if the visit, session, customer or visitor in the path does not exist. */
  ask(request: FastifyRequest): Promise<Answer | null>;
}

/** Adds the routes that run analytics queries on visits, for the admin and API consumers. */
export function analyticsRoutes(app: App, { authenticator }: RouteContext, questions: Questions): void {
  for (const { path, operationId, summary, query, params, answer, ask } of [
    ...figureRoutes(questions),
    ...timelineRoutes(questions),
  ]) {
    const schema = {
      operationId,
      summary,
      tags: ["analytics"],
      querystring: query,
      ...(params ? { params } : {}),
      response: { 200: success(answer), ...failures },
    };
    app.get(ANALYTICS_PATH + path, { schema }, async (request, reply) => {
      requirePrincipal(await authenticator.authenticate(request));
      const found = await ask(request);
      if (found === null)
        throw new CoatcheckError(
          "SESSION_NOT_FOUND",
          "The visit, session, customer or visitor in the path does not exist.",
        );
      const { format } = request.query as { format: "json" | "csv" };
      if (format === "json") return successBody(found);
      reply.hijack();
      const headers = { "content-type": "text/csv; charset=utf-8", "cache-control": "private, no-store" };
      reply.raw.writeHead(200, headers).end(toCsv(found));
      return reply;
    });
  }
}

function figureRoutes(questions: Questions): readonly AnalyticsRoute[] {
  return [
    {
      path: "/overview",
      operationId: "getOverview",
      summary: "Figures of a range, by day or hour, with a comparison",
      query: queries.overviewQuery,
      answer: answers.overviewAnswer,
      ask: (request) => questions.overview(queryOf<OverviewRequest>(request)),
    },
    {
      path: "/live",
      operationId: "getLiveVisitors",
      summary: "Who is there now",
      query: queries.liveQuery,
      answer: answers.liveAnswer,
      ask: (request) => questions.live(queryOf<LiveRequest>(request)),
    },
    {
      path: "/breakdown",
      operationId: "getBreakdown",
      summary: "Figures for each page, source, campaign, country, device, …",
      query: queries.breakdownQuery,
      answer: answers.breakdownAnswer,
      ask: (request) => questions.breakdown(queryOf<BreakdownRequest>(request)),
    },
    {
      path: "/funnel",
      operationId: "getFunnel",
      summary: "How many visits come from step to step",
      query: queries.funnelQuery,
      answer: answers.funnelAnswer,
      ask: (request) => questions.funnel(queryOf<FunnelRequest>(request)),
    },
    {
      path: "/attribution",
      operationId: "getAttribution",
      summary: "Orders and revenue by channel, source and campaign",
      query: queries.attributionQuery,
      answer: answers.attributionAnswer,
      ask: (request) => questions.attribution(queryOf<AttributionRequest>(request)),
    },
    {
      path: "/retention",
      operationId: "getRetention",
      summary: "How many visitors come back, week by week",
      query: queries.retentionQuery,
      answer: answers.retentionAnswer,
      ask: (request) => questions.retention(queryOf<RetentionRequest>(request)),
    },
  ];
}

function timelineRoutes(questions: Questions): readonly AnalyticsRoute[] {
  return [
    {
      path: "/visits/:visitId/timeline",
      operationId: "getVisitTimeline",
      summary: "The events of a visit",
      query: queries.timelineQuery,
      params: visitParams,
      answer: timelines.visitTimelineAnswer,
      ask: (request) => questions.visitTimeline(paramOf(request, "visitId"), queryOf<PageOptions>(request)),
    },
    {
      path: "/sessions/:sessionId/timeline",
      operationId: "getSessionTimeline",
      summary: "The visits and events of a session",
      query: queries.timelineQuery,
      params: sessionParams,
      answer: timelines.sessionTimelineAnswer,
      ask: (request) =>
        questions.sessionTimeline(paramOf(request, "sessionId"), queryOf<PageOptions>(request)),
    },
    {
      path: "/customers/:subject/journey",
      operationId: "getCustomerJourney",
      summary: "The visits of a customer, on all of their browsers, with totals",
      query: queries.journeyQuery,
      params: subjectParams,
      answer: timelines.journeyAnswer,
      ask: (request) =>
        questions.customerJourney(paramOf(request, "subject"), queryOf<JourneyOptions>(request)),
    },
    {
      path: "/visitors/:visitorId/journey",
      operationId: "getVisitorJourney",
      summary: "The visits of one browser",
      query: queries.journeyQuery,
      params: visitorParams,
      answer: timelines.journeyAnswer,
      ask: (request) =>
        questions.visitorJourney(paramOf(request, "visitorId"), queryOf<JourneyOptions>(request)),
    },
  ];
}

/**
 * Returns the query parameters without `format`, which only determines the response's content type. Fastify has already
 * validated the parameters.
 */
function queryOf<Request>({ query }: FastifyRequest): Request {
  const members = Object.entries(query as object);
  return Object.fromEntries(
    members.filter(([name, value]) => name !== "format" && value !== undefined),
  ) as Request;
}

function paramOf({ params }: FastifyRequest, name: string): string {
  return String((params as Record<string, unknown>)[name]);
}
