import { isCoatcheckError } from "coatcheck/http";
import type { NextFunction, Request, Response } from "express";
import type { Logger } from "pino";
import { errorPage } from "../pages/privacy.ts";
import { openSession, type Storefront } from "../storefront.ts";
import { notFoundError } from "./catalog.ts";
import { sendPage } from "./respond.ts";

/** Responds 404 to requests that no route has handled. */
export function rejectUnknownPaths(_request: Request, _response: Response, next: NextFunction): void {
  next(notFoundError());
}

/**
 * Responds to an error with a page, or with JSON to API clients and scripts. Logs errors with a status of 500 or more.
 */
export function createErrorHandler(shop: Storefront, log: Logger) {
  return async (error: unknown, request: Request, response: Response, next: NextFunction) => {
    const { status, code, message, faults } = describeError(error);
    if (status >= 500) log.error({ err: error }, "request failed");
    if (response.headersSent) return next(error);
    response.status(status);
    if (/^\/(?:api|session)\//.test(request.path)) {
      response.json({ success: false, error: { code, message, ...(faults && { faults }) } });
      return;
    }
    try {
      const session = await openSession(request);
      await sendPage(
        { shop, request, response, session },
        { title: "Error", main: errorPage(status, message) },
      );
    } catch {
      // Send plain text if the session store is down, because every page needs the session.
      if (!response.headersSent) response.type("text").send(message);
    }
  };
}

function describeError(error: unknown) {
  if (isCoatcheckError(error)) {
    const { statusCode: status, code, message, faults } = error;
    return { status, code, message, faults: faults.length > 0 ? faults : undefined };
  }
  const { statusCode = 500, expose = false, message = "" } = (error ?? {}) as Partial<HttpFault>;
  if (!expose)
    return {
      status: 500,
      code: "INTERNAL",
      message: "The shop has a technical problem. Please try again later.",
    };
  return { status: statusCode, code: statusCode === 404 ? "NOT_FOUND" : "INVALID_REQUEST", message };
}

/** An error of the package `http-errors`. Express's body parsers throw it. */
interface HttpFault {
  readonly statusCode: number;
  readonly expose: boolean;
  readonly message: string;
}
