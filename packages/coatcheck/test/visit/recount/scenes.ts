/** Scenes: the actions of one visitor in one visit. Each scene exercises one rule of the definitions. */
import type { Source } from "../../../src/visit/event.ts";
import type { Random } from "./random.ts";
import { type Browser, DAY, DESKTOP_CLIENT, HOUR, MINUTE, SECOND } from "./script.ts";

/** The browser of a scene, the source of its visitor, and a source of random numbers. */
export interface SceneContext {
  readonly browser: Browser;
  readonly random: Random;
  readonly source: Source;
}

const PRODUCTS = ["/taco/al-pastor", "/taco/barbacoa", "/taco/carnitas", "/salsa/verde", "/salsa/roja"];
const CURRENCIES = ["CHF", "EUR", "JPY"];

/**
 * The visitor views a page. The document is requested, sometimes a script reports the page view too, and the visible
 * time is reported.
 */
function viewPage({ browser, random, source }: SceneContext, path: string): void {
  const delay = random.chance(0.05) ? random.integer(0, 47 * HOUR) : random.integer(0, 400);
  browser.viewPage(path, { cameFrom: source, delay, isLost: random.chance(0.02) });
  const { page } = browser;
  if (!page) return;
  if (random.chance(0.4)) {
    // The page's script also reports the page view, with the same page id. Its report may go to the other node, and may
    // have a slightly earlier time than the document request.
    browser.viewPage(path, { page, node: random.integer(0, 1), millisecondsAgo: random.integer(-900, 30) });
  }
  const spent = random.integer(SECOND, 90 * SECOND);
  browser.wait(spent);
  if (random.chance(0.7)) browser.reportVisibleTime(random.integer(0, spent), { isLost: random.chance(0.1) });
  if (random.chance(0.1)) browser.viewPage(path, { page, delay: random.integer(0, HOUR) });
}

function viewProducts(stage: SceneContext): void {
  const { browser, random } = stage;
  viewPage(stage, random.pickItem(["/", "/menu", "/search"]));
  if (random.chance(0.3)) browser.track("search", { delay: random.integer(0, MINUTE) });
  for (let count = random.integer(0, 4); count > 0; count--) {
    browser.wait(random.integer(SECOND, 8 * MINUTE));
    viewPage(stage, random.pickItem(PRODUCTS));
    browser.track("product_view");
  }
}

function viewOnePage(stage: SceneContext): void {
  const { browser, random } = stage;
  browser.viewPage(random.pickItem(PRODUCTS), { cameFrom: stage.source });
  browser.wait(20 * SECOND).reportVisibleTime(random.pickItem([9_999, 10_000, 0]));
}

/** The tracker reports more visible time than has passed since the page was opened. */
function reportTooMuchTime(stage: SceneContext): void {
  const { browser, random } = stage;
  browser.viewPage("/menu", { cameFrom: stage.source });
  browser.wait(random.integer(0, 12 * SECOND)).reportVisibleTime(DAY);
}

function fillCart(stage: SceneContext): void {
  const { browser, random } = stage;
  viewProducts(stage);
  browser.wait(random.integer(0, MINUTE)).track("add_to_cart");
  if (random.chance(0.3)) browser.track("remove_from_cart");
  if (random.chance(0.3)) browser.track("booked_table", { isKey: true });
  if (random.chance(0.7)) viewPage(stage, "/cart");
  if (random.chance(0.7)) browser.track("begin_checkout");
  if (random.chance(0.5)) browser.login(random.pickItem(["anna", "ben", "carla", random.uuid()]));
}

function buy(stage: SceneContext): void {
  const { browser, random } = stage;
  fillCart(stage);
  browser.wait(random.integer(0, 3 * MINUTE));
  const amount = random.chance(0.1) ? 0 : random.integer(1, 20_000);
  const orderId = `o-${random.hexDigits(8)}`;
  browser.completeOrder(orderId, amount, random.pickItem(CURRENCIES), { delay: random.integer(0, SECOND) });
  if (random.chance(0.2)) {
    // The confirmation page reports the same order to the other node, sometimes with another amount.
    browser.wait(random.integer(0, 40 * MINUTE));
    browser.completeOrder(orderId, random.pickItem([amount, amount + 1]), "CHF", { node: 1 - browser.node });
  }
  if (random.chance(0.2)) browser.completeOrder(`o-${random.hexDigits(8)}`, 990, random.pickItem(CURRENCIES));
  viewPage(stage, "/thanks");
}

/** The payment provider reports the order minutes or hours after the visit. */
function payLater(stage: SceneContext): void {
  const { browser, random } = stage;
  fillCart(stage);
  browser.wait(random.pickItem([1, 20 * MINUTE, 5 * HOUR]));
  const detail = {
    do: "order",
    orderId: `w-${random.hexDigits(8)}`,
    revenue: random.integer(1, 5000),
    currency: "CHF",
  } as const;
  browser.reportByBackend(detail, { delay: random.integer(0, 30 * HOUR), node: random.integer(0, 1) });
  if (random.chance(0.5)) browser.wait(MINUTE).reportByBackend(detail, { node: random.integer(0, 1) });
}

/** An order is placed by telephone, so its session has no page views. */
function orderByTelephone({ browser, random }: SceneContext): void {
  browser.session = random.uuid();
  browser.customer = random.pickItem(["anna", null]);
  browser.reportByBackend(
    { do: "order", orderId: `t-${random.hexDigits(8)}`, revenue: 2500, currency: "CHF" },
    { knowsVisitor: false },
  );
  browser.session = random.uuid();
}

/** The visitor returns to a page in an open tab after the visit's end. */
function returnToOpenTab(stage: SceneContext): void {
  const { browser, random } = stage;
  viewPage(stage, "/long-read");
  const { page } = browser;
  browser.wait(random.pickItem([30 * MINUTE - 1, 30 * MINUTE, 31 * MINUTE, 20 * HOUR, 80 * HOUR]));
  const next = random.pickItem(["beacon", "event", "page"]);
  if (next === "page") viewPage(stage, "/menu");
  if (next === "event") browser.track("add_to_cart");
  if (page)
    browser.wait(random.integer(0, 10 * SECOND)).reportVisibleTime(random.integer(0, 20 * SECOND), { page });
}

/** A screen displays the shop for more than a day. */
function displayShopAllDay(stage: SceneContext): void {
  const { browser, random } = stage;
  const end = browser.now + DAY + random.integer(-HOUR, 3 * HOUR);
  browser.viewPage("/screen", { cameFrom: stage.source });
  while (browser.now < end) {
    browser.wait(random.integer(15 * MINUTE, 29 * MINUTE));
    if (random.chance(0.2)) browser.viewPage("/screen", { cameFrom: stage.source });
    else browser.reportVisibleTime(random.integer(0, 10 * MINUTE));
  }
}

function logInTwoCustomers(stage: SceneContext): void {
  const { browser, random } = stage;
  viewProducts(stage);
  browser.login("anna");
  browser.wait(MINUTE).completeOrder(`a-${random.hexDigits(8)}`, 1500, "CHF");
  browser.customer = null;
  browser.wait(MINUTE).viewPage("/");
  browser.session = random.uuid();
  browser.wait(MINUTE).login("ben");
  if (random.chance(0.5)) browser.wait(MINUTE).completeOrder(`b-${random.hexDigits(8)}`, 1700, "EUR");
  browser.customer = null;
}

/** The campaign and the country change during the visit. The visit keeps the values of its first event. */
function changeDuringVisit(stage: SceneContext): void {
  const { browser, random, source } = stage;
  viewProducts(stage);
  browser.wait(5 * MINUTE).viewPage("/", {
    cameFrom: { ...source, channel: "Display", source: "banner", medium: "display", campaign: "mid-visit" },
    client: { ...DESKTOP_CLIENT, country: "US" },
    delay: random.integer(0, HOUR),
  });
}

/** A late event fills the gap between two visits, so that they become one visit. */
function fillGapBetweenVisits(stage: SceneContext): void {
  const { browser, random } = stage;
  browser.viewPage("/menu", { cameFrom: stage.source });
  browser.wait(25 * MINUTE).track("search", { delay: random.integer(0, 47 * HOUR) });
  browser
    .wait(25 * MINUTE)
    .viewPage("/taco/carnitas", { cameFrom: random.chance(0.5) ? stage.source : null });
  if (random.chance(0.5)) browser.completeOrder(`f-${random.hexDigits(8)}`, 300, "CHF");
}

/** Several actions happen in the same millisecond. */
function actInOneMillisecond(stage: SceneContext): void {
  const { browser } = stage;
  browser.viewPage("/", { cameFrom: stage.source });
  browser.track("product_view");
  browser.track("add_to_cart");
  browser.track("begin_checkout");
}

/**
 * A visitor opts out, so that the visitor's documents are only counted. After an opt-in, the browser is a new visitor.
 */
function optOutAndIn(stage: SceneContext): void {
  const { browser, random } = stage;
  viewProducts(stage);
  for (let document = random.integer(1, 3); document > 0; document--) {
    browser.script.addDocument("not-collected", browser.wait(MINUTE).now, { node: random.integer(0, 1) });
  }
  browser.visitor = random.uuid();
}

/** All scenes. Frequent scenes are listed several times. */
export const SCENES: readonly ((stage: SceneContext) => void)[] = [
  ...[
    viewProducts,
    viewProducts,
    viewProducts,
    viewOnePage,
    viewOnePage,
    fillCart,
    fillCart,
    buy,
    buy,
    payLater,
  ],
  ...[
    reportTooMuchTime,
    orderByTelephone,
    returnToOpenTab,
    returnToOpenTab,
    logInTwoCustomers,
    changeDuringVisit,
    fillGapBetweenVisits,
    actInOneMillisecond,
    optOutAndIn,
    displayShopAllDay,
  ],
];

/** A visitor orders once a day, so that one customer has many orders. */
export function orderDaily(stage: SceneContext): void {
  const { browser } = stage;
  for (let day = 0; day < 28; day++) {
    browser.viewPage("/", { cameFrom: stage.source });
    browser.login("dora");
    browser.wait(MINUTE).completeOrder(`dora-${day}`, 10_000 + day, "CHF");
    browser.wait(DAY - MINUTE);
  }
}
