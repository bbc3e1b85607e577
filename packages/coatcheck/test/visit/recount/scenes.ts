/** Scenes: the actions of one visitor in one visit. Each scene exercises one rule of the definitions. */
import type { Source } from "../../../src/visit/event.ts";
import type { Random } from "./random.ts";
import { type Browser, DAY, DESKTOP, HOUR, MINUTE, SECOND } from "./script.ts";

/** The browser of a scene, the source of its visitor, and a source of random numbers. */
export interface SceneContext {
  readonly browser: Browser;
  readonly random: Random;
  readonly source: Source;
}

const PRODUCTS = ["/taco/al-pastor", "/taco/barbacoa", "/taco/carnitas", "/salsa/verde", "/salsa/roja"];
const CURRENCIES = ["CHF", "EUR", "JPY"];

/** Views a page: its document, sometimes the report of its script, and its visible time. */
function viewPage({ browser, random, source }: SceneContext, path: string): void {
  const late = random.chance(0.05) ? random.whole(0, 47 * HOUR) : random.whole(0, 400);
  browser.view(path, { cameFrom: source, late, isLost: random.chance(0.02) });
  const { page } = browser;
  if (!page) return;
  if (random.chance(0.4)) {
    // The script reports the same page id to the other node, sometimes slightly earlier than the document.
    browser.view(path, { page, node: random.whole(0, 1), ago: random.whole(-900, 30) });
  }
  const spent = random.whole(SECOND, 90 * SECOND);
  browser.wait(spent);
  if (random.chance(0.7)) browser.visible(random.whole(0, spent), { isLost: random.chance(0.1) });
  if (random.chance(0.1)) browser.view(path, { page, late: random.whole(0, HOUR) });
}

function browse(stage: SceneContext): void {
  const { browser, random } = stage;
  viewPage(stage, random.pick(["/", "/menu", "/search"]));
  if (random.chance(0.3)) browser.track("search", { late: random.whole(0, MINUTE) });
  for (let count = random.whole(0, 4); count > 0; count--) {
    browser.wait(random.whole(SECOND, 8 * MINUTE));
    viewPage(stage, random.pick(PRODUCTS));
    browser.track("product_view");
  }
}

function bounce(stage: SceneContext): void {
  const { browser, random } = stage;
  browser.view(random.pick(PRODUCTS), { cameFrom: stage.source });
  browser.wait(20 * SECOND).visible(random.pick([9_999, 10_000, 0]));
}

/** A tracker that reports more visible time than has passed since the page was opened. */
function fastClock(stage: SceneContext): void {
  const { browser, random } = stage;
  browser.view("/menu", { cameFrom: stage.source });
  browser.wait(random.whole(0, 12 * SECOND)).visible(DAY);
}

function fillCart(stage: SceneContext): void {
  const { browser, random } = stage;
  browse(stage);
  browser.wait(random.whole(0, MINUTE)).track("add_to_cart");
  if (random.chance(0.3)) browser.track("remove_from_cart");
  if (random.chance(0.3)) browser.track("booked_table", { isKey: true });
  if (random.chance(0.7)) viewPage(stage, "/cart");
  if (random.chance(0.7)) browser.track("begin_checkout");
  if (random.chance(0.5)) browser.login(random.pick(["anna", "ben", "carla", random.uuid()]));
}

function buy(stage: SceneContext): void {
  const { browser, random } = stage;
  fillCart(stage);
  browser.wait(random.whole(0, 3 * MINUTE));
  const amount = random.chance(0.1) ? 0 : random.whole(1, 20_000);
  const orderId = `o-${random.hex(8)}`;
  browser.order(orderId, amount, random.pick(CURRENCIES), { late: random.whole(0, SECOND) });
  if (random.chance(0.2)) {
    // The confirmation page reports the same order to the other node, sometimes with another amount.
    browser.wait(random.whole(0, 40 * MINUTE));
    browser.order(orderId, random.pick([amount, amount + 1]), "CHF", { node: 1 - browser.node });
  }
  if (random.chance(0.2)) browser.order(`o-${random.hex(8)}`, 990, random.pick(CURRENCIES));
  viewPage(stage, "/thanks");
}

/** The payment provider reports the order minutes or hours after the visit. */
function paidLater(stage: SceneContext): void {
  const { browser, random } = stage;
  fillCart(stage);
  browser.wait(random.pick([1, 20 * MINUTE, 5 * HOUR]));
  const detail = {
    do: "order",
    orderId: `w-${random.hex(8)}`,
    revenue: random.whole(1, 5000),
    currency: "CHF",
  } as const;
  browser.backend(detail, { late: random.whole(0, 30 * HOUR), node: random.whole(0, 1) });
  if (random.chance(0.5)) browser.wait(MINUTE).backend(detail, { node: random.whole(0, 1) });
}

/** An order by telephone: its session has no page views. */
function withoutVisit({ browser, random }: SceneContext): void {
  browser.session = random.uuid();
  browser.customer = random.pick(["anna", null]);
  browser.backend(
    { do: "order", orderId: `t-${random.hex(8)}`, revenue: 2500, currency: "CHF" },
    { knowsVisitor: false },
  );
  browser.session = random.uuid();
}

/** The visitor returns to a page in an open tab after the visit's end. */
function openTab(stage: SceneContext): void {
  const { browser, random } = stage;
  viewPage(stage, "/long-read");
  const { page } = browser;
  browser.wait(random.pick([30 * MINUTE - 1, 30 * MINUTE, 31 * MINUTE, 20 * HOUR, 80 * HOUR]));
  const next = random.pick(["beacon", "event", "page"]);
  if (next === "page") viewPage(stage, "/menu");
  if (next === "event") browser.track("add_to_cart");
  if (page) browser.wait(random.whole(0, 10 * SECOND)).visible(random.whole(0, 20 * SECOND), { page });
}

/** A screen that displays the shop for more than a day. */
function allDay(stage: SceneContext): void {
  const { browser, random } = stage;
  const end = browser.now + DAY + random.whole(-HOUR, 3 * HOUR);
  browser.view("/screen", { cameFrom: stage.source });
  while (browser.now < end) {
    browser.wait(random.whole(15 * MINUTE, 29 * MINUTE));
    if (random.chance(0.2)) browser.view("/screen", { cameFrom: stage.source });
    else browser.visible(random.whole(0, 10 * MINUTE));
  }
}

function twoCustomers(stage: SceneContext): void {
  const { browser, random } = stage;
  browse(stage);
  browser.login("anna");
  browser.wait(MINUTE).order(`a-${random.hex(8)}`, 1500, "CHF");
  browser.customer = null;
  browser.wait(MINUTE).view("/");
  browser.session = random.uuid();
  browser.wait(MINUTE).login("ben");
  if (random.chance(0.5)) browser.wait(MINUTE).order(`b-${random.hex(8)}`, 1700, "EUR");
  browser.customer = null;
}

/** The campaign and the country change during the visit. The visit keeps the values of its first event. */
function changing(stage: SceneContext): void {
  const { browser, random, source } = stage;
  browse(stage);
  browser.wait(5 * MINUTE).view("/", {
    cameFrom: { ...source, channel: "Display", source: "banner", medium: "display", campaign: "mid-visit" },
    client: { ...DESKTOP, country: "US" },
    late: random.whole(0, HOUR),
  });
}

/** A late event fills the gap between two visits, which become one. */
function filledGap(stage: SceneContext): void {
  const { browser, random } = stage;
  browser.view("/menu", { cameFrom: stage.source });
  browser.wait(25 * MINUTE).track("search", { late: random.whole(0, 47 * HOUR) });
  browser.wait(25 * MINUTE).view("/taco/carnitas", { cameFrom: random.chance(0.5) ? stage.source : null });
  if (random.chance(0.5)) browser.order(`f-${random.hex(8)}`, 300, "CHF");
}

/** Several actions in the same millisecond. */
function sameTime(stage: SceneContext): void {
  const { browser } = stage;
  browser.view("/", { cameFrom: stage.source });
  browser.track("product_view");
  browser.track("add_to_cart");
  browser.track("begin_checkout");
}

/** A visitor opts out, so their documents are only counted. After an opt-in, the browser is a new visitor. */
function optOut(stage: SceneContext): void {
  const { browser, random } = stage;
  browse(stage);
  for (let document = random.whole(1, 3); document > 0; document--) {
    browser.script.document("not-collected", browser.wait(MINUTE).now, { node: random.whole(0, 1) });
  }
  browser.visitor = random.uuid();
}

/** All scenes. Frequent scenes are listed several times. */
export const SCENES: readonly ((stage: SceneContext) => void)[] = [
  ...[browse, browse, browse, bounce, bounce, fillCart, fillCart, buy, buy, paidLater],
  ...[fastClock, withoutVisit, openTab, openTab, twoCustomers, changing, filledGap, sameTime, optOut, allDay],
];

/** A visitor with one order a day, so that one customer has many orders. */
export function bigSpender(stage: SceneContext): void {
  const { browser } = stage;
  for (let day = 0; day < 28; day++) {
    browser.view("/", { cameFrom: stage.source });
    browser.login("dora");
    browser.wait(MINUTE).order(`dora-${day}`, 10_000 + day, "CHF");
    browser.wait(DAY - MINUTE);
  }
}
