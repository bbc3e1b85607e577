/*
 * The part of an OpenAPI 3.1 document that the collection is generated from.
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
  /** `#/components/schemas/` with the name of another schema. */
  readonly $ref?: string;
}

/** A part of the document with a schema and optional examples. */
export interface Described {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

/** A parameter of an operation. */
export interface OpenApiParameter extends Described {
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
  /** The body by media type. */
  readonly requestBody?: { readonly content: Readonly<Record<string, Described>> };
}

/** The document. */
export interface OpenApiDocument {
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/**
 * A valid value of a parameter or body: its first example, default or choice; for an object, its required members.
 *
 * @throws TypeError if it has none of them: add an example to the schema of `where`.
 */
export function exampleOf(
  { schema, example, examples }: Described,
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
  throw new TypeError(`The schema of ${where} needs an example.`);
}
