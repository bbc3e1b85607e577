import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { CoatcheckError, errorBody } from "coatcheck";

/**
 * Milliseconds before the connection is destroyed. Destroying it while the client still sends would discard the
 * response.
 */
const DRAIN_TIMEOUT = 2000;

/** Sends an error for a malformed HTTP request. Writes to the socket, because there is no request object. */
export function sendClientError(error: Error & { code?: string }, socket: Socket): void {
  // Node reports an error for each further chunk of a malformed request. Respond to the first one only.
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
        known: new CoatcheckError("PAYLOAD_TOO_LARGE", "The request's URL and headers are too large."),
      };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return {
        status: 408,
        reason: "Request Timeout",
        known: new CoatcheckError("VALIDATION_FAILED", "The request took too long to arrive."),
      };
    default:
      return {
        status: 400,
        reason: "Bad Request",
        known: new CoatcheckError("VALIDATION_FAILED", "Malformed HTTP request."),
      };
  }
}
