import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../../../../../scripts/documents.ts";
import type { Source } from "../../../src/visit/event.ts";
import { createQuestions, DEFINITIONS, type Questions } from "../../../src/visit/questions/index.ts";
import { deliver } from "../recount/delivery.ts";
import { Recount } from "../recount/recount.ts";
import { Browser, DESKTOP_CLIENT, DIRECT_SOURCE, MINUTE, Script, SECOND } from "../recount/script.ts";
import { TIME_ZONE } from "../recount/traffic.ts";
import { fillSqlite, type LoadedDatabase } from "./load.ts";

const text = readFileSync(join(root, "docs/analytics-api.md"), "utf8");

const NEWSLETTER: Source = {
  ...DIRECT_SOURCE,
  channel: "Email",
  source: "newsletter",
  medium: "email",
  campaign: "autumn",
};
const GOOGLE: Source = {
  ...DIRECT_SOURCE,
  channel: "Organic Search",
  source: "google",
  medium: "organic",
  referrer: "google.com",
};
const PHONE_CLIENT = { ...DESKTOP_CLIENT, browser: "Safari 19", os: "iOS 19", device: "mobile" };

/**
 * Returns the script of the document's example, which covers two days. Anna orders something and comes back later. Ben
 * views one page on his phone.
 */
function createExampleScript(): Script {
  const script = new Script(42);
  const anna = new Browser(script, Date.parse("2026-10-05T08:00:00Z"));
  anna.viewPage("/", { cameFrom: NEWSLETTER });
  anna.wait(30 * SECOND).viewPage("/tacos");
  anna.wait(SECOND).track("product_view");
  anna.wait(20 * SECOND).track("add_to_cart");
  anna.wait(10 * SECOND).login("anna");
  anna.wait(40 * SECOND).track("begin_checkout");
  anna.wait(20 * SECOND).reportVisibleTime(90 * SECOND);
  anna.wait(40 * SECOND).completeOrder("order-1", 2490, "CHF");
  const ben = new Browser(script, Date.parse("2026-10-05T08:01:00Z"));
  ben.client = PHONE_CLIENT;
  ben.viewPage("/tacos", { cameFrom: GOOGLE });
  ben.wait(SECOND).track("product_view");
  anna.now = Date.parse("2026-10-06T07:00:00Z");
  anna.viewPage("/");
  anna.wait(MINUTE).viewPage("/about");
  script.addDocument("bot", Date.parse("2026-10-05T09:00:00Z"));
  script.addDocument("not-collected", Date.parse("2026-10-06T09:00:00Z"));
  return script;
}

let loaded: LoadedDatabase;
let questions: Questions;
const script = createExampleScript();
const recount = new Recount(script, deliver(script), TIME_ZONE);

beforeAll(async () => {
  loaded = await fillSqlite(deliver(script));
  const clock = { now: () => Date.parse("2026-10-06T07:02:00Z") };
  questions = createQuestions(loaded.database, { timeZone: TIME_ZONE, clock });
});

afterAll(async () => {
  await questions.close();
  await loaded.remove();
});

/** Returns the JSON example that the document has below a heading. */
function readExample(heading: string): unknown {
  const section = text.split(/^## /m).find((each) => each.startsWith(`\`${heading}\``)) ?? "";
  return JSON.parse(section.match(/```json\n(.*?)```/s)?.[1] ?? "null");
}

const range = { from: "2026-10-05", to: "2026-10-06" };

it.each<[string, () => Promise<unknown>]>([
  ["overview", () => questions.overview({ ...range, grain: "day" })],
  [
    "live",
    async () => {
      const answer = await questions.live();
      return { ...answer, minutes: answer.minutes.slice(-3) };
    },
  ],
  [
    "breakdown",
    () =>
      questions.breakdown({
        dimension: "channel",
        ...range,
        filters: [{ dimension: "device", operator: "is", value: "desktop" }],
      }),
  ],
  ["funnel", () => questions.funnel(range)],
  ["attribution", () => questions.attribution({ model: "last-non-direct", ...range })],
  ["retention", () => questions.retention(range)],
  ["visitTimeline", () => questions.visitTimeline(recount.visits[0]?.id ?? "", { limit: 2 })],
  [
    "sessionTimeline",
    () => questions.sessionTimeline(recount.visits[1]?.actions[0]?.session ?? "", { limit: 1 }),
  ],
  ["customerJourney", () => questions.customerJourney("anna", { limit: 1 })],
  ["visitorJourney", () => questions.visitorJourney(recount.visits[1]?.visitor ?? "")],
])("the document contains the answer of %s", async (heading, ask) => {
  const answer = JSON.parse(JSON.stringify(await ask()));
  expect(readExample(heading)).toEqual(answer);
});

it.each(Object.entries(DEFINITIONS))("the document contains the definition of %s", (figure, definition) => {
  const line = text.split("\n").find((each) => each.startsWith(`| \`${figure}\` |`));
  expect(line).toBe(`| \`${figure}\` | ${definition} |`);
});
