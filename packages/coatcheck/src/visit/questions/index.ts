/**
 * Queries on visits: overview, live visitors, breakdowns, funnels, attribution, retention, timelines and journeys.
 * They read the tables that the SQLite and PostgreSQL sinks write.
 *
 * @example
 * import { createQuestions, toCsv } from "coatcheck/visit/questions";
 *
 * const questions = createQuestions({ dialect: "sqlite", path: "visits.db" }, { timeZone: "Europe/Zurich" });
 * const { figures } = await questions.overview({ from: "2026-03-01", to: "2026-03-31" });
 * const channels = await questions.breakdown({ dimension: "channel", from: "2026-03-01", to: "2026-03-31" });
 * console.log(figures.visitors, toCsv(channels));
 *
 * @module
 */
export type * from "./answers.ts";
export type { AttributionRequest } from "./attribution.ts";
export type { BreakdownRequest } from "./breakdown.ts";
export { toCsv } from "./csv.ts";
export type { QuestionClient, QuestionPool, QuestionQuery } from "./database/postgres.ts";
export { DEFINITIONS, type Figure } from "./definitions.ts";
export { DIMENSIONS, type Dimension, type Filter, OPERATORS, type Operator } from "./dimensions.ts";
export { type FunnelRequest, STANDARD_FUNNEL } from "./funnel.ts";
export type { JourneyOptions } from "./journeys.ts";
export type { LiveRequest } from "./live.ts";
export type { OverviewRequest } from "./overview.ts";
export {
  type Answer,
  createQuestions,
  type QuestionDatabase,
  type QuestionOptions,
  type Questions,
} from "./questions.ts";
export type { RetentionRequest } from "./retention.ts";
export type * from "./timeline-answers.ts";
export type { PageOptions } from "./timelines.ts";
