import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import { andThen, attempt } from "../../session/maybe-promise.ts";
import { errorResponse, isCoatcheckError } from "../error-response.ts";
import type { HttpSessions } from "../http-sessions.ts";
import type { RequestSession } from "../request-session.ts";
import { attachSession } from "../session-of.ts";
import { openNodeSession } from "./exchange.ts";

/** A listener of the `upgrade` event of a `node:http` server. */
export type UpgradeListener<Request = IncomingMessage> = (
  request: Request,
  socket: Duplex,
  head: Buffer,
) => MaybePromise<unknown>;

/** Implements `upgrade` of `coatcheck/node`. */
export function createUpgradeListener<Data>(
  http: HttpSessions<Data>,
  listener: UpgradeListener<IncomingMessage & { readonly session: RequestSession<Data> }>,
): UpgradeListener {
  return (request, socket, head) => {
    // Without a listener for errors, a client that disconnects during the checks would crash the process.
    socket.on("error", ignoreError);
    const session = attachSession(request, openNodeSession(http, request));
    return attempt(
      () => andThen(session.checkCsrf(), () => listener(Object.assign(request, { session }), socket, head)),
      () => undefined,
      (error) => {
        if (isCoatcheckError(error)) return sendErrorAndClose(socket, error);
        socket.destroy();
        throw error;
      },
    );
  };
}

/** Writes an error response to the socket and closes it. There is no ServerResponse in an `upgrade` event. */
function sendErrorAndClose(socket: Duplex, error: unknown): void {
  const { status, headers, body } = errorResponse(error);
  const fields = { ...headers, "content-length": Buffer.byteLength(body), connection: "close" };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const response = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`;
  socket.end(response, () => socket.destroy());
}

function ignoreError(): void {}
