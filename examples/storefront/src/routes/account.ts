import { Router } from "express";
import { accountPage } from "../pages/account.ts";
import { privacyPage } from "../pages/privacy.ts";
import { eraseCustomer, exportCustomer } from "../personal-data.ts";
import { customerOf, flushVisits, type Storefront } from "../storefront.ts";
import { formField, type PageRequest, redirect, redirectToLogin, sendPage, withSession } from "./respond.ts";

/** Creates the routes of the account page, its export and erasure, and the privacy page. */
export function accountRoutes(shop: Storefront): Router {
  const router = Router();
  router.get("/account", withSession(shop, showAccount));
  router.get("/account/export", withSession(shop, sendExport));
  router.post("/account/erase", withSession(shop, eraseAccount));
  router.get(
    "/privacy",
    withSession(shop, (pageRequest) =>
      sendPage(pageRequest, ({ measuring }) => ({ title: "Privacy", main: privacyPage(measuring) })),
    ),
  );
  return router;
}

async function showAccount(pageRequest: PageRequest): Promise<void> {
  const { shop, session } = pageRequest;
  const customer = customerOf(shop, session);
  if (!customer) return redirectToLogin(pageRequest, "/account");
  await flushVisits(shop);
  const orders = shop.orders.listOf(customer.id);
  const journey = await shop.questions.customerJourney(customer.id, { limit: 20 });
  await sendPage(pageRequest, ({ measuring }) => ({
    title: "Account",
    main: accountPage({ customer, orders, journey, measuring }),
  }));
}

async function sendExport(pageRequest: PageRequest): Promise<void> {
  const { shop, response, session } = pageRequest;
  const customer = customerOf(shop, session);
  if (!customer) return redirectToLogin(pageRequest, "/account");
  response.attachment("my-data.json").json(await exportCustomer(shop, customer));
}

async function eraseAccount(pageRequest: PageRequest): Promise<void> {
  const { shop, request, session } = pageRequest;
  const customer = customerOf(shop, session);
  if (!customer) return redirectToLogin(pageRequest, "/account");
  if (formField(request, "sure") !== "yes") {
    session.flash("notice", "Tick the box to confirm that you want your data deleted.");
    return redirect(pageRequest, "/account");
  }
  await eraseCustomer(shop, session, customer);
  redirect(pageRequest, "/");
}
