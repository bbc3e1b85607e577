import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { CoatcheckError, errorBody } from "coatcheck";

/**
 * Milliseconds until the connection is destroyed. If it were destroyed while the client still sends, the client would
 * not receive the response.
 */
const DRAIN_TIMEOUT = 2000;

/** Sends an error response for a malformed HTTP request. Writes to the socket, because there is no response object. */
export function sendClientError(error: Error & { code?: string }, socket: Socket): void {
  // Node reports an error for each chunk that follows a malformed request. Respond only to the first error.
  if (socket.writableEnded) return;
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, reason, known } = responseTo(error.code);
  const body = JSON.stringify(errorBody(known));
  socket.end(
    [
      `HTTP/1.1 ${status} ${reason}`,
      "content-type: application/json; charset=utf-8",
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${randomUUID()}`,
      "connection: close",
      "",
      body,
    ].join("\r\n"),
  );
  const disconnect = setTimeout(() => socket.destroy(), DRAIN_TIMEOUT);
  socket.on("close", () => clearTimeout(disconnect));
}

function responseTo(code: string | undefined) {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return {
        status: 413,
        reason: "Content Too Large",
        known: new CoatcheckError(
          "PAYLOAD_TOO_LARGE",
          "The request's URL and headers are too large; shorten the URL or send fewer headers.",
        ),
      };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return {
        status: 408,
        reason: "Request Timeout",
        known: new CoatcheckError("VALIDATION_FAILED", "The request took too long to arrive; send it again."),
      };
    default:
      return {
        status: 400,
        reason: "Bad Request",
        known: new CoatcheckError("VALIDATION_FAILED", "Malformed HTTP request."),
      };
  }
}
