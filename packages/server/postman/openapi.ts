/*
 * Types of the parts of an OpenAPI 3.1 document from which the collection is generated.
 */

/** A JSON Schema. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** Reference to another schema: `#/components/schemas/<name>`. */
  readonly $ref?: string;
}

/** A parameter or body: a schema with optional examples. */
export interface SchemaWithExamples {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

/** A parameter of an operation. */
export interface OpenApiParameter extends SchemaWithExamples {
  readonly name: string;
  readonly in: "path" | "query" | "header" | "cookie";
  readonly required?: boolean;
  readonly description?: string;
}

/** One operation. */
export interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly OpenApiParameter[];
  /** The schema of the body for each media type. */
  readonly requestBody?: { readonly content: Readonly<Record<string, SchemaWithExamples>> };
}

/** An OpenAPI document. */
export interface OpenApiDocument {
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/**
 * Returns a valid value of a parameter or body: its first example, its default or its first enum value. For an object,
 * returns an object with the required members.
 *
 * @throws TypeError if the schema of `where` has none of these.
 */
export function exampleOf(
  { schema, example, examples }: SchemaWithExamples,
  where: string,
  { components }: Pick<OpenApiDocument, "components">,
): unknown {
  const [first] = Object.values(examples ?? {});
  const named = components?.schemas?.[schema.$ref?.split("/").at(-1) ?? ""];
  return example ?? first?.value ?? valueIn(named ?? schema, where);
}

function valueIn(schema: Schema, where: string): unknown {
  if (schema.examples) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.properties) {
    const { properties, required = [] } = schema;
    const members = required.map((name) => [name, valueIn(properties[name] ?? {}, `${where}.${name}`)]);
    return Object.fromEntries(members);
  }
  throw new TypeError(`The schema of ${where} has no example: add one with .meta({ examples: [...] }).`);
}
