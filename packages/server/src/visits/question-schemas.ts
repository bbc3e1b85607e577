import { DEFINITIONS, DIMENSIONS, type Filter, OPERATORS } from "coatcheck/visit/questions";
import { z } from "zod";
import { cursor, limit, tenant as tenantText } from "../fields.ts";

/*
 * Schemas of the query parameters of the analytics routes. The library checks combinations of values, such as a date
 * range.
 */

const format = z
  .enum(["json", "csv"])
  .default("json")
  .describe("`csv`: comma-separated values instead of JSON. Texts are safe to open in a spreadsheet.");
const day = (text: string) =>
  z
    .string()
    .meta({ format: "date", examples: ["2026-03-01"] })
    .describe(text);
const tenant = tenantText
  .min(0)
  .optional()
  .describe("Answers for this tenant. Default: all tenants together.");

/**
 * Maximum characters of a cursor. The cursor of a list of pages contains a path of up to 1,024 characters, escaped as
 * JSON.
 */
const MAX_CURSOR = 16_384;

const FILTER_PATTERN = new RegExp(`^(${DIMENSIONS.join("|")}):(${OPERATORS.join("|")}):([^]{0,1024})$`);

const filter = z
  .string()
  .regex(FILTER_PATTERN, "must be <dimension>:<is, isNot or contains>:<value>, such as country:is:CH")
  .transform((text): Filter => {
    const [, dimension, operator, value = ""] = FILTER_PATTERN.exec(text) ?? [];
    return { dimension, operator, value: value === "" ? null : value } as Filter;
  });

const filters = z
  .preprocess((given) => (typeof given === "string" ? [given] : given), z.array(filter).max(20))
  .meta({ examples: [["country:is:CH"]] })
  .optional()
  .describe(
    "A condition `<dimension>:<is, isNot or contains>:<value>`; may be repeated. An empty value means that the visit has none.",
  );

const range = {
  from: day("First local day."),
  to: day("Last local day, included."),
  tenant,
  format,
};

export const overviewQuery = z.strictObject({
  ...range,
  filters,
  compare: z
    .enum(["previous", "year"])
    .optional()
    .describe("Adds the figures of the range before, or of a year before."),
  grain: z
    .enum(["day", "hour"])
    .optional()
    .describe("The length of a point of the series. Default: by the range's length."),
});

export const liveQuery = z.strictObject({ tenant, format });

export const breakdownQuery = z.strictObject({
  ...range,
  filters,
  dimension: z.enum(DIMENSIONS).describe("The dimension whose values are the rows."),
  limit: limit.optional(),
  cursor: cursor.max(MAX_CURSOR).optional(),
});

const steps = z
  .string()
  .regex(/^[a-z][a-z0-9_]*(,[a-z][a-z0-9_]*){0,9}$/, "must be one to ten event types, separated by commas")
  .meta({ examples: ["product_view,order_completed"] })
  .transform((text) => text.split(",").map((type) => ({ type })))
  .optional()
  .describe(
    "Event types, separated by commas. Default: product_view, add_to_cart, begin_checkout, order_completed.",
  );

export const funnelQuery = z.strictObject({
  ...range,
  filters,
  steps,
  mode: z
    .enum(["closed", "open"])
    .optional()
    .describe(`Closed: ${DEFINITIONS.funnelClosed} Open: ${DEFINITIONS.funnelOpen} Default: closed.`),
  scope: z
    .enum(["visit", "visitor"])
    .optional()
    .describe("Whether visits or visitors are counted. Default: visit."),
  window: z.coerce
    .number()
    .int()
    .min(1)
    .meta({ examples: [3_600_000] })
    .optional()
    .describe("Milliseconds after the first step within which the other steps count. Default: 24 hours."),
});

export const attributionQuery = z.strictObject({
  ...range,
  model: z
    .enum(["first-touch", "last-non-direct"])
    .default("last-non-direct")
    .describe("Which visit an order is attributed to."),
  limit: limit.optional(),
});

export const retentionQuery = z.strictObject(range);

export const timelineQuery = z.strictObject({
  limit: limit.optional(),
  cursor: cursor.max(MAX_CURSOR).optional(),
  format,
});

export const journeyQuery = timelineQuery.extend({ tenant });
