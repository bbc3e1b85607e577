import { Router } from "express";
import { findProduct, isKind, productsOf, searchProducts } from "../catalog/catalog.ts";
import { KINDS, PRODUCTS, type Product } from "../catalog/products.ts";
import { CURRENCY } from "../money.ts";
import { productPage } from "../pages/product.ts";
import { listPage, searchPage, startPage } from "../pages/product-list.ts";
import { isVisitorAction, type Storefront } from "../storefront.ts";
import { type PageRequest, queryOf, sendPage, withSession } from "./respond.ts";

/** Creates the routes of the product pages: all products, a kind, a search and one product. */
export function catalogRoutes(shop: Storefront): Router {
  const router = Router();
  router.get("/", withSession(shop, sendProducts));
  router.get(
    "/kinds/:kind",
    withSession(shop, async (pageRequest) => {
      const kind = String(pageRequest.request.params.kind);
      if (!isKind(kind)) throw notFoundError();
      const title = KINDS[kind];
      await sendPage(pageRequest, { title, main: listPage(title, productsOf(kind)) });
    }),
  );
  router.get(
    "/products/:id",
    withSession(shop, async (pageRequest) => sendProduct(pageRequest, requireProduct(pageRequest))),
  );
  router.get(
    "/search",
    withSession(shop, async (pageRequest) => {
      const query = queryOf(pageRequest.request, "q", 100);
      const found = searchProducts(query);
      if (query !== "" && isVisitorAction(pageRequest.request, pageRequest.session)) {
        pageRequest.session.visit.track("search", { query, results: found.length });
      }
      await sendPage(pageRequest, { title: "Search", query, main: searchPage(query, found) });
    }),
  );
  return router;
}

/** Sends the page of all products. */
export async function sendProducts(pageRequest: PageRequest): Promise<void> {
  await sendPage(pageRequest, { title: "Coats worth checking", main: startPage(PRODUCTS) });
}

/** Sends the page of a product, and tracks the product view. */
export async function sendProduct(pageRequest: PageRequest, product: Product): Promise<void> {
  trackProductView(pageRequest, product);
  await sendPage(pageRequest, { title: product.name, main: productPage(product) });
}

/** Tracks a product view. */
export function trackProductView({ request, session }: PageRequest, product: Product): void {
  if (!isVisitorAction(request, session)) return;
  session.visit.track("product_view", { productId: product.id, price: product.price, currency: CURRENCY });
}

/** Returns the product in the request's path. Throws an error with status 404 if it does not exist. */
export function requireProduct({ request }: PageRequest): Product {
  const product = findProduct(String(request.params.id));
  if (product) return product;
  throw notFoundError();
}

/** Creates the error for an unknown path. */
export function notFoundError(): Error {
  return Object.assign(new Error("This page does not exist."), { statusCode: 404, expose: true });
}
