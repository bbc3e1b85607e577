import type { Envelope } from "../../wire.ts";
import { errorResponse } from "../error-response.ts";

/** Returns the response `{ success: true, data }`. */
export function successResponse<Data>(data: Data): Response {
  const envelope: Envelope<Data> = { success: true, data };
  return jsonResponse(200, { "content-type": "application/json; charset=utf-8" }, JSON.stringify(envelope));
}

/** Returns the response `{ success: false, error }`, with the status of the error's code. */
export function failureResponse(error: unknown): Response {
  const { status, headers, body } = errorResponse(error);
  return jsonResponse(status, headers, body);
}

/**
 * Returns a response of server-sent events. The headers of the response prevent proxies from buffering it, and prevent
 * middleware from compressing it.
 */
export function eventStreamResponse(body: string | ReadableStream<Uint8Array>): Response {
  const headers = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "private, no-store, no-transform",
    "x-accel-buffering": "no",
  };
  return new Response(body, { headers });
}

function jsonResponse(status: number, headers: Readonly<Record<string, string>>, body: string): Response {
  const length = String(Buffer.byteLength(body));
  return new Response(body, { status, headers: { ...headers, "content-length": length } });
}
