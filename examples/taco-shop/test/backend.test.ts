import { stateInSession } from "coatcheck/gateway";
import { describe, expect, test } from "vitest";
import {
  ALICE_RECIPIENT,
  type ChangeResponse,
  describeEachBackend,
  type ErrorBody,
  idempotencyKeyHeader,
  openGatewayTo,
  setUpBackend,
  TACO_L,
  TACO_XL,
} from "./backend-fixtures.ts";

describeEachBackend(
  (kind) => `the cart of the ${kind} backend`,
  (kind) => {
    const shop = setUpBackend(kind);

    describe.each([
      { way: "without the gateway", connect: shop.plain },
      { way: "through the gateway", connect: shop.visitor },
    ])("$way", ({ connect }) => {
      test("an item keeps its id when an earlier item is removed, and the id is never reused", async () => {
        const visitor = await connect();
        for (const size of ["tacos_L", "tacos_XL", "tacos_XXL"])
          await visitor.send("POST", "/cart/tacos", { ...TACO_L, size });
        await visitor.send("DELETE", "/cart/tacos/0");
        expect((await visitor.send("GET", "/cart/tacos/1")).body).toMatchObject({ id: 1, size: "tacos_XL" });
        expect((await visitor.send("DELETE", "/cart/tacos/0")).status).toBe(404);
        await visitor.send("DELETE", "/cart/tacos/2");
        const added = await visitor.send<ChangeResponse>("POST", "/cart/tacos", TACO_L);
        expect(added).toMatchObject({ status: 201, body: { item: { id: 3 } } });
        expect(added.body.cart.tacos.map(({ id }) => id)).toEqual([1, 3]);
        expect((await visitor.send<ChangeResponse>("DELETE", "/cart")).body.cart).toMatchObject({
          tacos: [],
          total: 0,
        });
      });

      test("the cart stores every kind of item and sums up prices in rappen", async () => {
        const visitor = await connect();
        const expensive = {
          ...TACO_XL,
          meats: [{ id: "kebab", quantity: 2 }],
          garnitures: ["raclette"],
          quantity: 2,
        };
        await visitor.send("POST", "/cart/tacos", expensive);
        await visitor.send("POST", "/cart/extras", { product: "frites" });
        await visitor.send("POST", "/cart/drinks", { product: "ayran", quantity: 3 });
        await visitor.send("POST", "/cart/desserts", { product: "tiramisu" });
        await visitor.send("PUT", "/cart/extras/0", { product: "frites_cheddar", quantity: 2 });
        await visitor.send("PATCH", "/cart/drinks/0/quantity", { quantity: 1 });
        await visitor.send("PATCH", "/cart/tacos/0/quantity", { quantity: 3 });
        await visitor.send("DELETE", "/cart/desserts/0");
        const unitPrice = 1790 + 2 * 100 + 150;
        expect((await visitor.send("GET", "/cart")).body).toEqual({
          tacos: [{ id: 0, ...expensive, quantity: 3, unitPrice, total: 3 * unitPrice }],
          extras: [{ id: 0, product: "frites_cheddar", quantity: 2, unitPrice: 700, total: 1400 }],
          drinks: [{ id: 0, product: "ayran", quantity: 1, unitPrice: 300, total: 300 }],
          desserts: [],
          itemCount: 6,
          total: 3 * unitPrice + 1400 + 300,
        });
      });

      test("an invalid item gets 422 with the path of each fault and leaves the cart unchanged", async () => {
        const visitor = await connect();
        await visitor.send("POST", "/cart/tacos", TACO_L);
        await visitor.send("POST", "/cart/drinks", { product: "ayran" });
        const { body: before } = await visitor.send("GET", "/cart");
        const meat = (id: unknown, quantity: unknown) => ({ ...TACO_L, meats: [{ id, quantity }] });
        const faulty: [unknown, string[]][] = [
          [{ ...TACO_L, size: "tacos_S" }, ["size"]],
          [{ ...TACO_L, size: ["tacos_L"] }, ["size"]],
          [{ ...TACO_L, meats: [] }, ["meats"]],
          [{ ...TACO_L, meats: "viande_hachee" }, ["meats"]],
          [{ ...TACO_L, meats: ["viande_hachee"] }, ["meats.0.id"]],
          [meat("__proto__", 1), ["meats.0.id"]],
          [meat("viande_hachee", 2), ["meats"]],
          [{ ...TACO_XL, meats: [TACO_XL.meats[0], TACO_XL.meats[0]] }, ["meats.1.id"]],
          [
            { ...TACO_L, sauces: ["harissa", "mystère"], garnitures: ["béton"] },
            ["sauces.1", "garnitures.0"],
          ],
          [{ ...TACO_L, sauces: ["harissa", "harissa"] }, ["sauces.1"]],
          [{ ...TACO_L, sauces: ["harissa", "algérienne", "curry", "ketchup"] }, ["sauces"]],
          [{ ...TACO_L, sauces: { 0: "harissa" } }, ["sauces"]],
          [{}, ["size", "meats"]],
          ...[0, -1, 1.5, 1e9, "1", true, [1]].map((quantity): [unknown, string[]] => [
            { ...TACO_L, quantity },
            ["quantity"],
          ]),
          ...[0, -1, 1.5, 1e9].map((quantity): [unknown, string[]] => [
            meat("viande_hachee", quantity),
            ["meats.0.quantity"],
          ]),
        ];
        for (const [input, paths] of faulty) {
          for (const [method, path] of [
            ["POST", "/cart/tacos"],
            ["PUT", "/cart/tacos/0"],
          ] as const) {
            const { status, body } = await visitor.send<ErrorBody>(method, path, input);
            expect([status, body.error.code]).toEqual([422, "validation"]);
            expect(body.error.fields?.map((field) => field.path)).toEqual(paths);
          }
        }
        for (const quantity of [0, -1, 1.5, 1e9, null]) {
          const patched = await visitor.send<ErrorBody>("PATCH", "/cart/drinks/0/quantity", { quantity });
          expect(patched).toMatchObject({ status: 422, body: { error: { fields: [{ path: "quantity" }] } } });
        }
        const wrong = await visitor.send("POST", "/cart/desserts", { product: "ayran" });
        expect(wrong).toMatchObject({ status: 422, body: { error: { fields: [{ path: "product" }] } } });
        expect((await visitor.send("POST", "/cart/tacos", [TACO_L])).body).toMatchObject({
          error: { code: "bad_json" },
        });
        const large = await visitor.send("POST", "/cart/tacos", { ...TACO_L, note: "x".repeat(70_000) });
        expect(large).toMatchObject({ status: 413, body: { error: { code: "too_large" } } });
        expect((await visitor.send("GET", "/cart")).body).toEqual(before);
      });

      test.each([
        "-1",
        "1.5",
        "00",
        "0x0",
        "1e9",
        "999999999",
        "99999999999999999999",
        "%00",
        "a",
        "0%20",
        "%C3%A9",
      ])("the id %s gets 404", async (id) => {
        const visitor = await connect();
        await visitor.send("POST", "/cart/tacos", TACO_L);
        for (const path of [`/cart/tacos/${id}`, `/orders/${id}`]) {
          expect(await visitor.send("GET", path)).toMatchObject({
            status: 404,
            body: { error: { code: "not_found" } },
          });
        }
      });

      test("an unknown path gets 404 and an unsupported method gets 405", async () => {
        const visitor = await connect();
        expect(await visitor.send("GET", "/admin")).toMatchObject({ status: 404 });
        expect(await visitor.send("POST", "/cart/pizzas", {})).toMatchObject({ status: 404 });
        expect(await visitor.send("PATCH", "/cart", {})).toMatchObject({
          status: 405,
          body: { error: { code: "method_not_allowed" } },
        });
      });
    });

    test("GET /menu returns names in three languages and the stock, and sets no cookie", async () => {
      const response = await fetch(`${shop.url()}/menu`);
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(await response.json()).toMatchObject({
        currency: "CHF",
        sizes: expect.arrayContaining([expect.objectContaining({ id: "tacos_XL", meats: 3, price: 1790 })]),
        sauces: expect.arrayContaining([
          {
            id: "algérienne",
            name: { fr: "Algérienne", de: "Algerische Sauce", en: "Algerian sauce" },
            price: 0,
            stock: expect.any(Number),
          },
        ]),
      });
    });

    test("a write request requires the visitor's newest CSRF token", async () => {
      const start = async () => {
        const response = await fetch(`${shop.url()}/csrf`);
        const [cookie = ""] = response.headers.getSetCookie();
        return { cookie: cookie.split(";", 1).join(), ...((await response.json()) as { csrfToken: string }) };
      };
      const [{ cookie, csrfToken }, other] = await Promise.all([start(), start()]);
      const post = (token: string, path = "/cart/tacos", body: unknown = TACO_L) =>
        fetch(shop.url() + path, {
          method: "POST",
          headers: { cookie, "x-csrf-token": token, ...idempotencyKeyHeader() },
          body: JSON.stringify(body),
        });
      for (const token of ["", "x", csrfToken.slice(1), other.csrfToken]) {
        const refused = await post(token);
        expect(refused.status).toBe(403);
        expect(await refused.json()).toMatchObject({ error: { code: "csrf" } });
      }
      expect((await post(csrfToken)).status).toBe(201);
      expect((await post(csrfToken, "/orders", ALICE_RECIPIENT)).status).toBe(201);
      expect((await post(csrfToken)).status).toBe(403);
    });

    test("the backend replaces an unknown session id with a new id", async () => {
      const cookie = `PHPSESSID=${"a".repeat(32)}`;
      const response = await fetch(`${shop.url()}/cart`, { headers: { cookie } });
      expect(response.headers.getSetCookie()[0]).toMatch(
        /^PHPSESSID=(?!aaaa)[\w,-]{22,}; path=\/; HttpOnly; SameSite=Lax$/i,
      );
    });

    test("the gateway can read the CSRF token from a meta element of the backend's page", async () => {
      const meta = openGatewayTo(shop.url(), {
        csrf: { path: "/", source: { meta: "csrf-token" }, sendAs: { header: "X-CSRF-Token" } },
      });
      const { record } = await shop.manager.create();
      const state = stateInSession(shop.manager, record.id);
      const response = await meta.request(state, {
        method: "POST",
        path: "/cart/tacos",
        body: { json: TACO_L },
      });
      expect(response.status).toBe(201);
      expect(JSON.stringify((await shop.manager.find(record.id))?.data).length).toBeLessThan(1024);
      await meta.close();
    });
  },
);
