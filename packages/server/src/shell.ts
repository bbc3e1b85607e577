import { randomUUID } from "node:crypto";
import helmet from "@fastify/helmet";
import rateLimit, { normalizeIP } from "@fastify/rate-limit";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { CoatcheckError, isSessionId, type SessionManager } from "coatcheck";
import { describeClient } from "coatcheck/device";
import { coatcheck, sessionOf } from "coatcheck/fastify";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from "fastify";
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import type { ClientDescriber } from "./client-describer.ts";
import { answerError, answerNoRoute } from "./error-answer.ts";
import { readJson } from "./json-body.ts";
import { refuseClient } from "./refuse-client.ts";
import { SilentConnections } from "./silent-connections.ts";
import { VERSION } from "./version.ts";

/** Fastify, with schemas by zod. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What {@link buildShell} takes. */
export interface ShellOptions {
  readonly title: string;
  /** Markdown, for the reference. */
  readonly description: string;
  readonly manager: SessionManager;
  readonly log: FastifyBaseLogger;
  readonly trustProxy: false | number | string[];
  /** Whether browsers reach the application by https: `__Host-sid` then, else `sid`. */
  readonly secureCookie: boolean;
  /** What a browser's new session keeps of it; its address truncated and no place unless given. */
  readonly describeClient?: ClientDescriber;
  /** Whether answers say where the session came from and how long that took. */
  readonly serverTiming?: boolean;
}

/** Bytes: the largest data that a session takes, and as much again for how it may be written. */
const BODY_LIMIT = 128 * 1024;
/** Milliseconds that a client may take to send its request. */
const LONGEST_REQUEST = 30_000;
/** Characters of one part of a path; a subject, percent-encoded, is the longest. */
const PARAMETER_LIMIT = 1024;

/**
 * What every API of sessions needs around its routes: their sessions, errors in the one envelope, strict JSON, request
 * ids, logs without tokens, the reference at `/docs`. It has no routes and listens to nothing yet; closing it leaves the
 * manager open.
 */
export async function buildShell(options: ShellOptions): Promise<App> {
  const { title, description, manager, log, trustProxy, secureCookie } = options;
  const describe = options.describeClient ?? describeClient;
  const app: App = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: LONGEST_REQUEST,
    routerOptions: { maxParamLength: PARAMETER_LIMIT },
    return503OnClosing: false,
    requestIdHeader: false,
    genReqId: (request) => requestIdOf(request.headers["x-request-id"]),
    frameworkErrors: answerError,
    clientErrorHandler: refuseClient,
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(answerNoRoute);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ["application/json", "application/merge-patch+json"],
    { parseAs: "string" },
    async (_request: unknown, body: string) => readJson(body),
  );
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  let isClosing = false;
  const silent = new SilentConnections(app.server);
  app.addHook("preClose", async () => {
    isClosing = true;
    silent.end();
  });
  app.addHook("onSend", async (_request, reply) => {
    // A connection that was kept would keep the process.
    if (isClosing) reply.header("connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => {
    // The route's pattern, not the URL: somebody may have put a token there.
    const { method, params } = request;
    request.log.info(
      {
        method,
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        milliseconds: Math.round(reply.elapsedTime * 100) / 100,
        ...targetOf(params),
      },
      "answered",
    );
  });

  await app.register(helmet, {
    hsts: secureCookie,
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: secureCookie ? [] : null } },
  });
  await app.register(rateLimit, {
    global: false,
    // A household has 2^64 addresses of IPv6: they count as one.
    keyGenerator: (request) => normalizeIP(sessionOf(request).client.address ?? "unknown"),
    errorResponseBuilder: (_request, { ttl }) =>
      new CoatcheckError("RATE_LIMITED", "Too many sessions from this address; wait a little.", {
        retryAfter: Math.ceil(ttl / 1000),
      }),
  });
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title, version: VERSION, description },
      components: {
        securitySchemes: {
          key: { type: "http", scheme: "bearer", description: "Admin token, API key or session token." },
          cookie: { type: "apiKey", in: "cookie", name: secureCookie ? "__Host-sid" : "sid" },
        },
      },
      security: [{ key: [] }, { cookie: [] }, {}],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    uiConfig: { layout: "BaseLayout" },
    theme: { title: `${title}: reference` },
  });
  await app.register(
    coatcheck(manager, {
      trustProxy,
      serverTiming: options.serverTiming ?? false,
      birth: (client, request) => ({ client: describe(client, request.header("user-agent")) }),
      onCommitFailure: (error) => log.error({ err: error }, "could not commit a session"),
      ...(secureCookie ? {} : { cookie: { secure: false } }),
    }),
  );
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  return app;
}

/** A proxy's id is kept, if it is one that a log can hold. */
function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === "string" && /^[\w.-]{8,64}$/.test(given) ? given : randomUUID();
}

/** The session that the URL names, for the log. */
function targetOf(params: unknown): { target?: string } {
  const id = typeof params === "object" && params !== null && "sessionId" in params ? params.sessionId : null;
  return isSessionId(id) ? { target: id } : {};
}
