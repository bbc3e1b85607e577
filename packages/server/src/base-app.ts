import { randomUUID } from "node:crypto";
import rateLimit, { normalizeIP } from "@fastify/rate-limit";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { CoatcheckError, isSessionId } from "coatcheck";
import { sessionOf } from "coatcheck/fastify";
import Fastify, { type FastifyRequest, LogController } from "fastify";
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import { registerUnknownRoutes } from "./allowed-methods.ts";
import { sendClientError } from "./client-error.ts";
import { limitConnections } from "./connection-limit.ts";
import { sendError } from "./error-response.ts";
import type { App } from "./fastify-app.ts";
import { IdleConnections } from "./idle-connections.ts";
import { readJson } from "./json-body.ts";
import { removeUnusedSchemas } from "./openapi-schemas.ts";
import { type RequestSessionsOptions, registerSessions } from "./request-sessions.ts";
import { registerSecurityHeaders } from "./security-headers.ts";
import { compileValidator, refuseIgnoredBody } from "./validation.ts";
import { VERSION } from "./version.ts";

/** Options of {@link buildBaseApp}. */
export interface BaseAppOptions extends RequestSessionsOptions {
  readonly title: string;
  /** The introduction of the API reference, in Markdown. */
  readonly description: string;
  /** The groups of operations, in the order of the reference. */
  readonly tags?: readonly { readonly name: string; readonly description: string }[];
}

/** Maximum bytes of a body: twice the limit of a session's data, because JSON may be escaped or indented. */
const MAX_BODY_BYTES = 128 * 1024;
/** Milliseconds within which a client must send its complete request. */
const REQUEST_TIMEOUT = 30_000;
/**
 * Milliseconds between two checks for clients that exceed the timeout. Node's default of 30 s would let a client take
 * twice the timeout.
 */
const TIMEOUT_CHECK_INTERVAL = 1000;
/** Maximum characters of a path parameter. The longest parameter is a percent-encoded subject. */
const MAX_PARAMETER_LENGTH = 1024;

/**
 * Builds the base of a session API: the session of each request, the error envelope, strict JSON, request ids, logs
 * without tokens, and the API reference at `/docs`. The app has no routes yet and does not listen on a port. Closing
 * the app does not close the manager.
 */
export async function buildBaseApp(options: BaseAppOptions): Promise<App> {
  const app: App = Fastify({
    loggerInstance: options.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT,
    http: { headersTimeout: REQUEST_TIMEOUT, connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL },
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    return503OnClosing: false,
    requestIdHeader: false,
    genReqId: (request) => requestIdOf(request.headers["x-request-id"]),
    frameworkErrors: sendError,
    clientErrorHandler: sendClientError,
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(sendError);
  registerUnknownRoutes(app);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ["application/json", "application/merge-patch+json"],
    { parseAs: "string" },
    async (_request: unknown, body: string) => readJson(body),
  );
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  app.addHook("preValidation", async (request) => {
    refuseIgnoredBody(request.routeOptions.schema, request.body);
  });
  limitConnections(app.server, options.log);
  closeConnectionsOnClose(app);
  logResponses(app);
  await registerSecurityHeaders(app, options.secureCookie);
  await registerRateLimit(app);
  await registerApiReference(app, options);
  registerSessions(app, options);
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  return app;
}

/** Closes the connections that clients keep open, so that a closing server does not wait for them. */
function closeConnectionsOnClose(app: App): void {
  let isClosing = false;
  const idleConnections = new IdleConnections(app.server);
  app.addHook("preClose", async () => {
    isClosing = true;
    idleConnections.end();
  });
  app.addHook("onSend", async (_request, reply) => {
    // A keep-alive connection would keep the process running.
    if (isClosing) reply.header("connection", "close");
  });
}

/** Logs one line per response. */
function logResponses(app: App): void {
  app.addHook("onResponse", async (request, reply) => {
    // Log the route's pattern instead of the URL, which may contain a token.
    const { method, params } = request;
    request.log.info(
      {
        method,
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        milliseconds: Math.round(reply.elapsedTime * 100) / 100,
        ...targetSessionOf(params),
      },
      "request completed",
    );
  });
}

/**
 * Returns the rate-limit key of a client: its IPv4 address, or its IPv6 /64 network, because one household owns the
 * whole network.
 */
export function addressKey(request: FastifyRequest): string {
  // Clients with an unknown address share one key.
  return normalizeIP(sessionOf(request).client.address ?? "unknown");
}

/** Adds the plugin with which a route can limit the rate of its requests. */
async function registerRateLimit(app: App): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    keyGenerator: addressKey,
    errorResponseBuilder: (_request, { ttl }) =>
      new CoatcheckError("RATE_LIMITED", "Too many new sessions from this address; try again later.", {
        retryAfter: Math.ceil(ttl / 1000),
      }),
  });
}

/** Adds the OpenAPI document and the API reference at `/docs`. */
async function registerApiReference(
  app: App,
  {
    title,
    description,
    tags,
    secureCookie,
  }: Pick<BaseAppOptions, "title" | "description" | "tags" | "secureCookie">,
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title,
        version: VERSION,
        description,
        license: { name: "MIT", url: "https://spdx.org/licenses/MIT.html" },
      },
      servers: [{ url: "/", description: "The server that sent this document." }],
      tags: [...(tags ?? [])],
      components: {
        securitySchemes: {
          key: {
            type: "http",
            scheme: "bearer",
            description: "An admin token, API key or session token.",
          },
          cookie: { type: "apiKey", in: "cookie", name: secureCookie === true ? "__Host-sid" : "sid" },
        },
      },
      security: [{ key: [] }, { cookie: [] }, {}],
    },
    transform: jsonSchemaTransform,
    transformObject: (input) => {
      const document = jsonSchemaTransformObject(input);
      if ("components" in document) removeUnusedSchemas(document);
      return document;
    },
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    uiConfig: { layout: "BaseLayout" },
    theme: { title: `${title} API reference` },
  });
}

/** Returns the request id that a proxy has set, if it is safe to log, and otherwise a new id. */
function requestIdOf(received: string | string[] | undefined): string {
  return typeof received === "string" && /^[\w.-]{8,64}$/.test(received) ? received : randomUUID();
}

/** Returns the session id in the URL, for the log. Omits malformed ids, because they may be tokens. */
function targetSessionOf(params: unknown): { target?: string } {
  const id = typeof params === "object" && params !== null && "sessionId" in params ? params.sessionId : null;
  return isSessionId(id) ? { target: id } : {};
}
