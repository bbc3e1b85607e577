import { describe, expect, expectTypeOf, it } from "vitest";
import { type Binding, type BindingOptions, createBinding, userAgentFamily } from "../../src/device/index.ts";
import type { ClientBinding } from "../../src/http/client-binding.ts";

const EDGE =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0";

describe("userAgentFamily()", () => {
  it.each([
    [EDGE, "Microsoft Edge on macOS"],
    [EDGE.replaceAll("126.0", "155.3"), "Microsoft Edge on macOS"],
    ["okhttp/4.12.0", "okhttp"],
    ["MyApp/7 CFNetwork/1568.200.51 Darwin/24.1.0", "MyApp"],
    ["", "unknown"],
    [undefined, "unknown"],
  ])("returns the name of %s without the version", (header, family) => {
    expect(userAgentFamily(header)).toBe(family);
  });

  it("returns a short name for a long header", () => {
    expect(userAgentFamily(`curl${"l".repeat(100_000)}/1`).length).toBeLessThanOrEqual(40);
  });
});

describe("createBinding()", () => {
  it("returns the value for the option `binding` of coatcheck()", () => {
    expectTypeOf<Binding>().toExtend<ClientBinding>();
  });

  it.each<[string, unknown]>([
    ['unknown option "userAgnet"; did you mean "userAgent"?', { userAgnet: "log" }],
    [
      'unknown option "tenants.bank.adress"; did you mean "tenants.bank.address"?',
      { tenants: { bank: { adress: "log" } } },
    ],
    ['userAgent must be one of off, log, step-up, revoke (got "stepup").', { userAgent: "stepup" }],
    [
      "tenants.bank.address must be one of off, log, step-up, revoke (got boolean).",
      { tenants: { bank: { address: true } } },
    ],
    ["tenants must be a table of policies by tenant, or a function (got null).", { tenants: null }],
    ["tenants.bank must be an object (got undefined).", { tenants: { bank: undefined } }],
    ["country must be the name of a header, or a function (got 7).", { country: 7 }],
    ["onUnusualLogin must be a function (got boolean).", { onUnusualLogin: true }],
  ])("refuses its options with %s", (message, options) => {
    expect(() => createBinding(options as BindingOptions)).toThrow(
      `Invalid options of createBinding(): ${message}`,
    );
  });

  it("returns the default policy for a tenant whose name is a member of Object.prototype", () => {
    const binding = createBinding({ userAgent: "revoke", tenants: { shop: { userAgent: "off" } } });
    expect(binding.policyOf("constructor")).toEqual({ userAgent: "revoke", address: "log" });
    expect(binding.policyOf("__proto__")).toEqual({ userAgent: "revoke", address: "log" });
    expect(binding.policyOf(null)).toEqual({ userAgent: "revoke", address: "log" });
    expect(binding.policyOf("shop")).toEqual({ userAgent: "off", address: "log" });
  });
});
