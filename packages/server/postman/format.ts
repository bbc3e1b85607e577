/*
 * Types of the parts of Postman's collection format v2.1 that the collection uses, and functions that build these
 * parts.
 */

/** JavaScript code that Postman runs before a request or after its response. */
export interface Script {
  readonly listen: "prerequest" | "test";
  readonly script: { readonly type: "text/javascript"; readonly exec: readonly string[] };
}

/** The credential of a request. If absent, Postman uses the credential of the enclosing folder or collection. */
export type Auth =
  | { readonly type: "noauth" }
  | { readonly type: "bearer"; readonly bearer: readonly [Required<NamedValue>] };

interface NamedValue {
  readonly key: string;
  readonly value: string;
  readonly type?: "string";
}

/** A parameter or header. Postman displays a disabled parameter, but does not send it. */
export interface Parameter {
  readonly key: string;
  readonly value: string;
  readonly description?: string;
  readonly disabled?: true;
}

/** One request with its scripts. */
export interface RequestItem {
  readonly name: string;
  readonly event?: readonly Script[];
  readonly request: {
    readonly method: string;
    readonly description?: string;
    readonly auth?: Auth;
    readonly header: readonly Parameter[];
    readonly body?: {
      readonly mode: "raw";
      readonly raw: string;
      readonly options: { readonly raw: { readonly language: "json" } };
    };
    readonly url: {
      readonly raw: string;
      readonly host: readonly string[];
      readonly path: readonly string[];
      readonly variable?: readonly Parameter[];
      readonly query?: readonly Parameter[];
    };
  };
}

/** A group of requests. */
export interface Folder {
  readonly name: string;
  readonly description?: string;
  readonly item: readonly (Folder | RequestItem)[];
}

/** A whole collection. */
export interface Collection extends Pick<Folder, "item"> {
  readonly info: {
    readonly _postman_id: string;
    readonly name: string;
    readonly description: string;
    readonly schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
  };
  readonly auth: Auth;
  readonly event: readonly Script[];
  readonly variable: readonly NamedValue[];
}

/** The input of {@link requestItem}. */
export interface RequestParts {
  readonly name: string;
  readonly method: string;
  /** Path parameters begin with a colon: `/sessions/:sessionId`. */
  readonly path: string;
  readonly pathParameters?: readonly Parameter[];
  readonly query?: readonly Parameter[];
  readonly headers?: readonly Parameter[];
  /** The body, which is sent as JSON. */
  readonly body?: unknown;
  readonly description?: string | undefined;
  readonly auth?: Auth | undefined;
  readonly scripts?: readonly Script[];
}

/** Builds a request to the service. */
export function requestItem(parts: RequestParts): RequestItem {
  const { name, method, path, pathParameters = [], query = [], headers = [], body, scripts = [] } = parts;
  const { description, auth } = parts;
  const sent = query.filter(({ disabled }) => !disabled).map(({ key, value }) => `${key}=${value}`);
  return {
    name,
    ...(scripts.length > 0 ? { event: scripts } : {}),
    request: {
      method,
      ...(description === undefined ? {} : { description }),
      ...(auth ? { auth } : {}),
      header: [
        ...(body === undefined ? [] : [{ key: "Content-Type", value: "application/json" }]),
        ...headers,
      ],
      ...(body === undefined
        ? {}
        : {
            body: {
              mode: "raw" as const,
              raw: JSON.stringify(body, null, 2),
              options: { raw: { language: "json" as const } },
            },
          }),
      url: {
        raw: `{{baseUrl}}${path}${sent.length > 0 ? `?${sent.join("&")}` : ""}`,
        host: ["{{baseUrl}}"],
        path: path.slice(1).split("/"),
        ...(pathParameters.length > 0 ? { variable: pathParameters } : {}),
        ...(query.length > 0 ? { query } : {}),
      },
    },
  };
}

/** Creates a credential: the bearer token in a variable of the collection. */
export function bearerAuth(variable: string): Auth {
  return { type: "bearer", bearer: [{ key: "token", value: `{{${variable}}}`, type: "string" }] };
}

/** Creates a script from its source code. */
export function createScript(listen: Script["listen"], code: string): Script {
  return { listen, script: { type: "text/javascript", exec: code.trim().split("\n") } };
}
