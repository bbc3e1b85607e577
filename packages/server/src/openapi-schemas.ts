/** The part of an OpenAPI document that {@link removeUnusedSchemas} reads and changes. */
interface OpenApiDocument {
  components?: { schemas?: Record<string, unknown> };
}

/**
 * Removes the schemas that no operation uses. Zod registers named schemas for the whole process, so the document of an
 * application would otherwise include the schemas of other applications in the same process.
 */
export function removeUnusedSchemas(document: OpenApiDocument): void {
  const { components, ...operations } = document;
  const schemas = components?.schemas ?? {};
  const used = new Set<string>();
  const collect = (part: unknown): void => {
    for (const [, name = ""] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      collect(schemas[name] ?? {});
    }
  };
  collect(operations);
  for (const name of Object.keys(schemas)) if (!used.has(name)) delete schemas[name];
}
