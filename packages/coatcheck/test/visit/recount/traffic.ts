/** Generates the traffic of a shop in October 2026. In Europe/Zurich, the 25th day of that month has 25 hours. */
import type { EventClient, Source } from "../../../src/visit/event.ts";
import type { Random } from "./random.ts";
import { orderDaily, SCENES } from "./scenes.ts";
import { Browser, DAY, DESKTOP_CLIENT, DIRECT_SOURCE, HOUR, MINUTE, Script } from "./script.ts";

/** The time zone of the shop's operator. */
export const TIME_ZONE = "Europe/Zurich";
/** Start of the month in that time zone. */
export const MONTH_START = Date.parse("2026-09-30T22:00:00Z");
export const MONTH_END = Date.parse("2026-10-31T23:00:00Z");
/** The local days of the month. */
export const MONTH = { from: "2026-10-01", to: "2026-10-31" };

const TRAFFIC_CLIENTS: readonly EventClient[] = [
  DESKTOP_CLIENT,
  { ...DESKTOP_CLIENT, browser: "Chrome 141", os: "Windows 11", country: "DE", city: "Berlin" },
  { ...DESKTOP_CLIENT, browser: "Safari 19", os: "iOS 19", device: "mobile", country: "CH", city: "Zürich" },
  { ...DESKTOP_CLIENT, browser: "Chrome 141", os: "Android 16", device: "mobile", country: "AT", city: null },
  { ...DESKTOP_CLIENT, browser: "Safari 19", os: "iPadOS 19", device: "tablet", country: "FR", city: "Lyon" },
  { browser: null, os: null, device: null, country: null, city: null, userAgent: null },
];

const TRAFFIC_SOURCES: readonly Source[] = [
  DIRECT_SOURCE,
  DIRECT_SOURCE,
  {
    ...DIRECT_SOURCE,
    channel: "Organic Search",
    source: "google",
    medium: "organic",
    referrer: "google.com",
  },
  {
    ...DIRECT_SOURCE,
    channel: "Organic Search",
    source: "duckduckgo",
    medium: "organic",
    referrer: "duckduckgo.com",
  },
  {
    ...DIRECT_SOURCE,
    channel: "Referral",
    source: "blog.example",
    medium: "referral",
    referrer: "blog.example",
  },
  { ...DIRECT_SOURCE, channel: "Organic Social", source: "facebook", medium: "social", clickId: "fbclid" },
  {
    ...DIRECT_SOURCE,
    channel: "Email",
    source: "newsletter",
    medium: "email",
    campaign: "autumn",
    content: "🌮",
  },
  {
    ...DIRECT_SOURCE,
    channel: "Paid Search",
    source: "google",
    medium: "cpc",
    campaign: "tacos",
    term: "taco near me",
    clickId: "gclid",
  },
  { ...DIRECT_SOURCE, channel: "Unassigned", campaign: "halloween" },
];

const COUNTED_KINDS = ["bot", "ai-agent", "tool", "suspected", "not-collected", "dropped"] as const;

/** Options of {@link generateTraffic}. */
export interface TrafficOptions {
  readonly seed: number;
  readonly visitors: number;
}

/** Creates the script of a month. The same options create the same script. */
export function generateTraffic({ seed, visitors }: TrafficOptions): Script {
  const script = new Script(seed);
  const { random } = script;
  for (let number = 0; number < visitors; number++) {
    const browser = new Browser(script, random.integer(MONTH_START - 2 * DAY, MONTH_END + DAY));
    chooseClient(browser, random);
    if (random.chance(0.05)) addVisit90DaysBefore(browser);
    const visits = random.chance(0.4) ? 1 : random.integer(2, 7);
    for (let visit = 0; visit < visits; visit++) {
      random.pickItem(SCENES)({ browser, random, source: random.pickItem(TRAFFIC_SOURCES) });
      waitForNextVisit(browser, random);
    }
  }
  orderDaily({ browser: new Browser(script, MONTH_START + DAY), random, source: DIRECT_SOURCE });
  addVisitsAtMidnights(script);
  for (let document = 0; document < visitors * 3; document++) {
    script.addDocument(random.pickItem(COUNTED_KINDS), random.integer(MONTH_START - DAY, MONTH_END + DAY), {
      node: random.integer(0, 1),
    });
  }
  return script;
}

function chooseClient(browser: Browser, random: Random): void {
  browser.client = random.pickItem(TRAFFIC_CLIENTS);
  browser.node = random.integer(0, 1);
}

/** Adds a visit about 90 days before the visitor's first visit of the month. */
function addVisit90DaysBefore(browser: Browser): void {
  const { random } = browser.script;
  const { now } = browser;
  browser.wait(-(90 * DAY + random.pickItem([-1, 0, 1, HOUR, -HOUR])));
  browser.viewPage("/", { cameFrom: random.pickItem(TRAFFIC_SOURCES) });
  browser.now = now;
}

/** Advances the browser's clock to its next visit. Some waits last exactly the visit timeout, or a millisecond more or
 * less. */
function waitForNextVisit(browser: Browser, random: Random): void {
  const exact = [30 * MINUTE - 1, 30 * MINUTE, 30 * MINUTE + 1];
  browser.wait(random.chance(0.3) ? random.pickItem(exact) : random.integer(20 * MINUTE, 6 * DAY));
  if (random.chance(0.3)) {
    browser.session = random.uuid();
    browser.customer = null;
  }
  if (random.chance(0.1)) browser.node = 1 - browser.node;
  // The next visit may come from another network or device.
  if (random.chance(0.1)) browser.client = random.pickItem(TRAFFIC_CLIENTS);
}

/** Adds visits that begin in the last or the first millisecond of a local day, of an hour or of the month. */
function addVisitsAtMidnights(script: Script): void {
  const changeOfClock = Date.parse("2026-10-25T01:00:00Z");
  const monday = Date.parse("2026-10-11T22:00:00Z");
  for (const time of [
    MONTH_START,
    MONTH_END,
    changeOfClock,
    changeOfClock - HOUR,
    changeOfClock + HOUR,
    monday,
  ]) {
    for (const offset of [-1, 0, 1]) {
      const browser = new Browser(script, time + offset);
      browser.viewPage("/midnight");
      browser.wait(1).completeOrder(`midnight-${time}-${offset}`, 100, "CHF");
    }
  }
}
