import { expect, test } from "vitest";
import { ALICE_RECIPIENT, describeEachBackend, TACO_XL } from "./backend-fixtures.ts";
import { setUpShop } from "./shop-fixtures.ts";

const taco = (change: object) => ({ ...TACO_XL, ...change });
const recipientWith = (change: { customer?: object; delivery?: object }) => ({
  customer: { ...ALICE_RECIPIENT.customer, ...change.customer },
  delivery: { ...ALICE_RECIPIENT.delivery, ...change.delivery },
});

/** The test cases: a name, the request body, and the expected paths of the faults. */
const INVALID_TACOS: [string, unknown, string[]][] = [
  ["an unknown size", taco({ size: "tacos_XXXXL" }), ["size"]],
  ["an unknown meat", taco({ meats: [{ id: "tofu", quantity: 1 }] }), ["meats.0.id"]],
  ["an unknown sauce", taco({ sauces: ["harissa", "nutella"] }), ["sauces.1"]],
  ["a quantity of 0", taco({ quantity: 0 }), ["quantity"]],
  ["a quantity of −1", taco({ quantity: -1 }), ["quantity"]],
  ["a quantity of 1.5", taco({ quantity: 1.5 }), ["quantity"]],
  ["a quantity of 10⁹", taco({ quantity: 1e9 }), ["quantity"]],
  ["a quantity that is a string", taco({ quantity: "1" }), ["quantity"]],
  ["too many meats for the size", taco({ meats: [{ id: "viande_hachee", quantity: 4 }] }), ["meats"]],
  ["no meat", taco({ meats: [] }), ["meats"]],
  ["meats that are not an array", taco({ meats: "viande_hachee" }), ["meats"]],
  ["several faults at once", taco({ size: "none", sauces: ["none"] }), ["size", "sauces.0"]],
  ["an unknown member", taco({ price: 1 }), ["price"]],
  ["an empty object", {}, ["size", "meats"]],
  ["an array", [], [""]],
  ["malformed JSON", "{", [""]],
  ["a __proto__ member", '{"__proto__":{"size":"tacos_XL"}}', ["__proto__"]],
];

const RECIPIENTS: [string, unknown, string[]][] = [
  ["no name", recipientWith({ customer: { name: "" } }), ["customer.name"]],
  ["a malformed phone number", recipientWith({ customer: { phone: "call me" } }), ["customer.phone"]],
  [
    "a time in the past",
    recipientWith({ delivery: { requestedFor: "2020-01-01T12:00:00Z" } }),
    ["delivery.requestedFor"],
  ],
  ["a malformed time", recipientWith({ delivery: { requestedFor: "25:61" } }), ["delivery.requestedFor"]],
  ["an unknown type", recipientWith({ delivery: { type: "drone" } }), ["delivery.type"]],
  [
    "no address",
    { ...ALICE_RECIPIENT, delivery: { type: "livraison", requestedFor: "15:00" } },
    ["delivery.address"],
  ],
  ["no customer", { delivery: ALICE_RECIPIENT.delivery }, ["customer"]],
];

describeEachBackend(
  (kind) => `invalid requests to the shop in front of the ${kind} backend`,
  (kind) => {
    const shop = setUpShop(kind);

    test("an invalid body gets 400 with a path for each fault and changes nothing", async () => {
      const browser = shop.browser();
      const order = await browser.createOrder();
      await browser.post(`${order}/cart/tacos`, TACO_XL);
      await browser.post(`${order}/cart/drinks`, { product: "coca_cola" });
      const before = (await browser.get(`${order}/cart`)).body.data;

      const requests: [string, string, string, unknown, string[]][] = [
        ...INVALID_TACOS.flatMap(([name, body, paths]): [string, string, string, unknown, string[]][] => [
          [name, "POST", `${order}/cart/tacos`, body, paths],
          [name, "PUT", `${order}/cart/tacos/0`, body, paths],
        ]),
        ...[0, -1, 1.5, 1e9, "2", null].map((quantity): [string, string, string, unknown, string[]] => [
          `quantity ${quantity}`,
          "PATCH",
          `${order}/cart/drinks/0/quantity`,
          { quantity },
          ["quantity"],
        ]),
        ["a drink among extras", "POST", `${order}/cart/extras`, { product: "coca_cola" }, ["product"]],
        ...RECIPIENTS.map(([name, body, paths]): [string, string, string, unknown, string[]] => [
          name,
          "POST",
          `${order}/orders`,
          body,
          paths,
        ]),
      ];
      for (const [name, method, path, body, paths] of requests) {
        const { status, body: answer } = await browser.send(method, path, body);
        const faults = answer.error?.faults?.map((fault) => fault.path);
        expect([name, method, status, answer.error?.code, faults]).toEqual([
          name,
          method,
          400,
          "VALIDATION_FAILED",
          paths,
        ]);
      }
      const after = (await browser.get(`${order}/cart`)).body.data;
      expect({ ...after, revision: 0 }).toEqual({ ...before, revision: 0 });
      expect((await browser.get(`${order}/orders`)).body.data.orders).toEqual([]);
    });

    test("a missing or malformed item id or order number gets 404 with a path", async () => {
      const browser = shop.browser();
      const order = await browser.createOrder();
      await browser.post(`${order}/cart/tacos`, TACO_XL);
      for (const id of [
        "1",
        "-1",
        "00",
        "0x0",
        "1e0",
        "0.0",
        "%30%20",
        "١",
        "9".repeat(30),
        "__proto__",
        "null",
      ]) {
        for (const [method, body] of [["GET"], ["PUT", TACO_XL], ["DELETE"]] as const) {
          const { status, body: answer } = await browser.send(method, `${order}/cart/tacos/${id}`, body);
          const { code, faults } = answer.error ?? {};
          expect([id, method, status, code, faults?.map(({ path }) => path)]).toEqual([
            id,
            method,
            404,
            "VALIDATION_FAILED",
            ["item"],
          ]);
        }
      }
      const { status, body } = await browser.get(`${order}/orders/999999`);
      expect([status, body.error?.faults?.[0]?.path]).toEqual([404, "number"]);
      expect((await browser.get("/nowhere")).body.error?.faults?.[0]?.path).toBe("url");
      expect((await browser.get(`${order}/cart`)).body.data.itemCount).toBe(1);
    });

    test("invalid headers get 400 and oversized bodies get 413", async () => {
      const browser = shop.browser();
      const order = await browser.createOrder();
      await browser.post(`${order}/cart/tacos`, TACO_XL);
      const long = await browser.post(`${order}/orders`, ALICE_RECIPIENT, {
        "idempotency-key": "k".repeat(101),
      });
      expect(long).toMatchObject({ status: 400, body: { error: { faults: [{ path: "Idempotency-Key" }] } } });
      const odd = await browser.post(`${order}/cart/tacos`, TACO_XL, { "if-match": "2" });
      expect(odd).toMatchObject({ status: 400, body: { error: { faults: [{ path: "if-match" }] } } });
      const large = await browser.post(`${order}/cart/tacos`, `"${"x".repeat(200_000)}"`);
      expect(large).toMatchObject({ status: 413, body: { error: { code: "PAYLOAD_TOO_LARGE" } } });
      const form = await browser.post(`${order}/cart/tacos`, "size=tacos_XL", {
        "content-type": "application/x-www-form-urlencoded",
      });
      expect(form).toMatchObject({ status: 400, body: { error: { faults: [{ path: "content-type" }] } } });
      const metadata = await browser.post("/sessions", { metadata: { note: "x".repeat(5000) } });
      expect(metadata).toMatchObject({ status: 413, body: { error: { code: "PAYLOAD_TOO_LARGE" } } });
      expect((await browser.get(`${order}/cart`)).body.data.itemCount).toBe(1);
    });
  },
);
