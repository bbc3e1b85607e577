import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { CoatcheckError, errorBody } from "coatcheck";

/** Milliseconds that what a client still sends is read and dropped: hanging up at once would take the answer back. */
const PATIENCE = 2000;

/** Answers what is no HTTP request: there is no request object to answer through. */
export function refuseClient(error: Error & { code?: string }, socket: Socket): void {
  // What comes after the first fault is at fault too.
  if (socket.writableEnded) return;
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const known =
    error.code === "HPE_HEADER_OVERFLOW"
      ? new CoatcheckError(
          "PAYLOAD_TOO_LARGE",
          "The request's path and headers are larger than this service takes.",
        )
      : new CoatcheckError("VALIDATION_FAILED", "This is no HTTP request that can be read.");
  const body = JSON.stringify(errorBody(known));
  socket.end(
    [
      `HTTP/1.1 ${known.status} ${known.status === 413 ? "Content Too Large" : "Bad Request"}`,
      "content-type: application/json; charset=utf-8",
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${randomUUID()}`,
      "connection: close",
      "",
      body,
    ].join("\r\n"),
  );
  const hangUp = setTimeout(() => socket.destroy(), PATIENCE);
  socket.on("close", () => clearTimeout(hangUp));
}
