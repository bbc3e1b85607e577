import { createConfig, lintFromString } from "@redocly/openapi-core";
import { expect, test } from "vitest";
import { useServiceProcess } from "../fixtures.ts";

const service = useServiceProcess();

/** A part of the OpenAPI document. */
type Part = Readonly<Record<string, unknown>>;

const isPart = (value: unknown): value is Part => typeof value === "object" && value !== null;

/** A schema with one of these keywords needs no example. */
const SELF_EXPLANATORY_KEYWORDS = ["examples", "example", "enum", "const"];

async function readDocument(): Promise<string> {
  return await (await fetch(`${service().url}/openapi.json`)).text();
}

test("redocly's recommended rules report no problems", async () => {
  const config = await createConfig({ extends: ["recommended"] });
  const problems = await lintFromString({
    source: await readDocument(),
    absoluteRef: "openapi.json",
    config,
  });
  expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
    [],
  );
});

test("every property and parameter has a description, and an example unless its schema makes one unnecessary", async () => {
  const faults = faultsIn(JSON.parse(await readDocument()), "");
  expect(faults).toEqual([]);
});

test("each operation has a unique operationId", async () => {
  const { paths } = JSON.parse(await readDocument()) as { paths: Record<string, Record<string, Part>> };
  const names = Object.values(paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  expect(names.length).toBeGreaterThan(30);
  expect(new Set(names).size).toBe(names.length);
});

/**
 * Returns the paths of properties and parameters that lack a description or an example. With `isProperties`, `part`
 * maps property names to schemas; a property may itself be named `properties`.
 */
function faultsIn(part: unknown, path: string, isProperties = false): string[] {
  if (!isPart(part)) return [];
  const faults = Object.entries(part).flatMap(([name, value]) =>
    faultsIn(value, `${path}/${name}`, name === "properties" && !isProperties),
  );
  if (isProperties) return faults;
  const { properties, parameters } = part;
  if (isPart(properties)) {
    for (const [name, property] of Object.entries(properties)) {
      if (isPart(property)) faults.push(...faultsOf(property, property, `${path}/${name}`));
    }
  }
  if (Array.isArray(parameters)) {
    for (const parameter of parameters as Part[]) {
      faults.push(...faultsOf(parameter, parameter.schema as Part, `${path}?${parameter.name}`));
    }
  }
  return faults;
}

/**
 * Returns the faults of one schema. `described` is the object whose `description` applies: the parameter that has the
 * schema, or the schema itself.
 */
function faultsOf(described: Part, schema: Part, path: string): string[] {
  if ("$ref" in schema) return [];
  const types = [schema, ...((schema.anyOf as Part[] | undefined) ?? [])];
  const isScalar = types.some(({ type }) => ["string", "number", "integer"].includes(String(type)));
  const isExplained = types
    .concat(described)
    .some((each) => SELF_EXPLANATORY_KEYWORDS.some((name) => name in each));
  return [
    ...("description" in described || types.some((each) => "$ref" in each)
      ? []
      : [`${path}: no description`]),
    ...(isScalar && !isExplained ? [`${path}: no example`] : []),
  ];
}
