import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { ErrorCode, Fault } from "../../../src/session/errors.ts";
import { defineEvents, type EventDefinitions } from "../../../src/visit/define-events.ts";

const events = defineEvents({
  quiz_finished: {
    schema: z.object({ score: z.number().max(10), answers: z.array(z.string()).optional() }),
    key: true,
  },
  joined: {},
  search: { schema: z.object({ query: z.string().trim().toLowerCase() }) },
});
/** The same object with looser types, so that tests can pass invalid arguments. */
const untyped = events as unknown as { check(type: unknown, properties?: unknown): unknown };

function catchFaults(type: unknown, properties?: unknown): { code: ErrorCode; faults: readonly Fault[] } {
  try {
    untyped.check(type, properties);
  } catch (error) {
    return error as { code: ErrorCode; faults: readonly Fault[] };
  }
  throw new Error("check() accepted the event.");
}

describe("EventSchemas.check", () => {
  it("returns `type`, the parsed `properties` and `isKey` of an event", () => {
    expect(events.check("quiz_finished", { score: 3 })).toEqual({
      type: "quiz_finished",
      properties: { score: 3 },
      isKey: true,
    });
    expect(events.check("search", { query: " Tacos " })).toEqual({
      type: "search",
      properties: { query: "tacos" },
      isKey: false,
    });
    expect(events.check("joined")).toEqual({ type: "joined", properties: {}, isKey: false });
    expect(events.check("joined", { any: ["thing"] }).properties).toEqual({ any: ["thing"] });
  });

  it("accepts standard events that are not defined", () => {
    expect(events.check("add_to_cart", { sku: "taco" }).isKey).toBe(true);
    expect(events.check("product_view").isKey).toBe(false);
    expect(defineEvents({}).check("login").isKey).toBe(true);
  });

  it("returns a copy of the properties", () => {
    const properties = { nested: { value: 1 } };
    const checked = events.check("joined", properties);
    properties.nested.value = 2;
    expect(checked.properties).toEqual({ nested: { value: 1 } });
  });

  it("rejects an unknown event, an event of Coatcheck, and a name that is not a string", () => {
    const types = [
      "quiz_finishd",
      "page_view",
      "page_time",
      "order_completed",
      "constructor",
      "",
      undefined,
      7,
    ];
    for (const type of types) {
      expect(catchFaults(type)).toMatchObject({ code: "VALIDATION_FAILED", faults: [{ path: "type" }] });
    }
  });

  it("rejects properties that the schema rejects, with the path of each fault", () => {
    const { code, faults } = catchFaults("quiz_finished", { score: 11, answers: ["a", 2] });
    expect(code).toBe("VALIDATION_FAILED");
    expect(faults.map(({ path }) => path)).toEqual(["properties.score", "properties.answers.1"]);
  });

  it("rejects properties that are not a JSON object", () => {
    for (const properties of [null, [], "text", { at: new Date() }, { amount: Number.NaN }, { big: 1n }]) {
      expect(catchFaults("joined", properties).code).toBe("VALIDATION_FAILED");
    }
    expect(catchFaults("joined", { list: [{ at: new Date() }] }).faults[0]?.path).toBe(
      "properties.list.0.at",
    );
  });

  it("accepts properties of 4 KB as JSON and rejects larger properties", () => {
    const empty = JSON.stringify({ text: "" }).length;
    expect(() => events.check("joined", { text: "x".repeat(4096 - empty) })).not.toThrow();
    const { code, faults } = catchFaults("joined", { text: `${"x".repeat(4095 - empty)}é` });
    expect(code).toBe("VALIDATION_FAILED");
    expect(faults).toEqual([
      { path: "properties", message: "must be at most 4096 bytes of JSON (got 4097)" },
    ]);
  });

  it("accepts properties nested 4 levels deep and rejects 5 levels", () => {
    expect(() => events.check("joined", { a: { b: [{ c: 1 }] } })).not.toThrow();
    expect(catchFaults("joined", { a: { b: [{ c: [] }] } })).toMatchObject({
      code: "VALIDATION_FAILED",
      faults: [{ path: "properties.a.b.0.c", message: "must be nested at most 4 levels deep" }],
    });
  });

  it("rejects properties that are larger than 4 KB after the schema has transformed them", () => {
    const schema = z.object({}).transform(() => ({ text: "x".repeat(5000) }));
    expect(() => defineEvents({ grown: { schema } }).check("grown", {})).toThrow("at most 4096 bytes");
  });

  it("throws TypeError if the schema validates asynchronously", () => {
    const schema: StandardSchemaV1 = {
      "~standard": { version: 1, vendor: "test", validate: async (value) => ({ value }) },
    };
    const slow = defineEvents({ slow: { schema } }) as unknown as typeof untyped;
    expect(() => slow.check("slow", {})).toThrow(TypeError);
  });
});

describe("defineEvents", () => {
  const define = (definitions: unknown) => () => defineEvents(definitions as EventDefinitions);

  it("rejects invalid event names", () => {
    for (const name of ["Quiz", "1st", "_x", "a-b", "a b", "", "é", "a".repeat(65), "__proto__"]) {
      expect(define({ [name]: {} }), name).toThrow("must be a name of at most 64");
    }
    expect(define({ ["a".repeat(64)]: {} })).not.toThrow();
  });

  it("rejects the names of events that only Coatcheck creates, and the option `key` for a standard event", () => {
    for (const name of ["page_view", "page_time", "order_completed"]) {
      expect(define({ [name]: {} })).toThrow(`${name} must not be defined`);
    }
    expect(define({ search: { key: true } })).toThrow("search must not have the option key");
  });

  it("rejects unknown options, an invalid `key`, and an invalid schema", () => {
    expect(define({ quiz: { shema: z.object({}) } })).toThrow('did you mean "quiz.schema"');
    expect(define({ quiz: { key: "yes" } })).toThrow('quiz.key must be true or false (got "yes")');
    expect(define({ quiz: { schema: {} } })).toThrow("quiz must have a Standard Schema");
    expect(define([])).toThrow("must be an object");
    expect(define({ quiz: null })).toThrow("quiz must be an object");
  });
});
