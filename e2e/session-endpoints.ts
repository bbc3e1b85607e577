import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { CoatcheckError, errorBody, type Session, type SessionEvents, type SessionManager } from "coatcheck";
import type { Device, LoginBody, SessionView } from "coatcheck/client";
import { CsrfTokens } from "coatcheck/http";
import { coatcheck, type SessionRequest } from "coatcheck/node";

/** Whoever logs in with the password `secret` is who they say they are. */
export interface User {
  readonly name: string;
}

const PASSWORD = "secret";

/** The session endpoints under `/session`, over a real manager and the real adapter for `node:http`. */
export function sessionEndpoints(manager: SessionManager): RequestListener {
  const tokens = new CsrfTokens(manager.ring);

  function view({ record, refusal, lastSeenAt }: Session): SessionView<User> {
    if (record?.state !== "active") {
      const nobody = { status: "none", session: null, user: null, rev: 0, csrf_token: null } as const;
      if (refusal === "expired") return { ...nobody, reason: "expired" };
      return refusal === "revoked" || refusal === "theft" ? { ...nobody, reason: "revoked" } : nobody;
    }
    const now = Date.now();
    const session = {
      id: record.id,
      type: record.type,
      subject: record.subject,
      tenant: record.tenant,
      createdAt: new Date(record.createdAt).toISOString(),
      expiresAt: new Date(record.expiresAt).toISOString(),
      expiresInMs: record.expiresAt - now,
      // The store may be told later of what was seen just now.
      idleExpiresInMs: (lastSeenAt ?? record.lastSeenAt) + record.idleTimeout - now,
      version: record.version,
    };
    const answer = { session, rev: record.version, csrf_token: tokens.issue(record) };
    return record.subject === null
      ? { status: "anonymous", user: null, ...answer }
      : { status: "authenticated", user: { name: record.subject }, ...answer };
  }

  async function answer(request: SessionRequest, line: string, url: URL): Promise<unknown> {
    const device = /^DELETE \/devices\/(.+)$/.exec(line)?.[1];
    if (device) {
      const session = await request.session.requireSubject();
      const record = await manager.find(device);
      if (record?.subject !== session.subject)
        throw new CoatcheckError("SESSION_NOT_FOUND", "No such device.");
      return { ended: await manager.revoke({ session: device }) };
    }
    switch (line) {
      case "GET ": {
        const touch = url.searchParams.has("touch");
        const session = await request.session.load({ activity: touch ? "user" : "none" });
        if (session.refusal === "superseded") throw new CoatcheckError("CONFLICT", "Ask again.");
        return view(session);
      }
      case "POST ": {
        const body: LoginBody = await readJson(request);
        if (!("email" in body) || body.password !== PASSWORD)
          throw new CoatcheckError("FORBIDDEN", "That is not the password.");
        const session = await request.session.load();
        await session.authenticate(body.email);
        return view(session);
      }
      case "DELETE ": {
        const session = await request.session.load();
        if (url.searchParams.has("everywhere") && session.subject)
          await manager.revoke({ subject: session.subject });
        if (session.record) await session.revoke();
        return view(session);
      }
      case "POST /init": {
        const session = await request.session.load();
        if (!session.record) await session.update((data) => data);
        return view(session);
      }
      case "DELETE /devices": {
        const session = await request.session.requireSubject();
        const subject = session.subject ?? "";
        if (!url.searchParams.has("all"))
          return { ended: await manager.revoke({ subject, except: session.id }) };
        const ended = await manager.revoke({ subject });
        await session.revoke();
        return { ended };
      }
      case "GET /devices":
        return devices(await request.session.requireSubject());
      default:
        throw new CoatcheckError("SESSION_NOT_FOUND", "There is nothing here.");
    }
  }

  async function devices(session: Session): Promise<Device[]> {
    const { records } = await manager.list(
      { subject: session.subject ?? "", state: "active" },
      { limit: 100 },
    );
    return records.map((record) => ({
      id: record.id,
      current: record.id === session.id,
      browser: "Chromium",
      os: "Linux",
      device: null,
      address: null,
      city: null,
      country: null,
      firstSeenAt: new Date(record.createdAt).toISOString(),
      lastSeenAt: new Date(record.lastSeenAt).toISOString(),
    }));
  }

  /** Tells one page that its session was ended, until the page goes. */
  async function stream(request: SessionRequest, response: ServerResponse): Promise<void> {
    const { id, subject } = await request.session.requireSession();
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": here\n\n");
    const tell = ({ scope }: SessionEvents["revoked"][0]) => {
      const concerned =
        "session" in scope ? scope.session === id : "subject" in scope && scope.subject === subject;
      if (concerned) response.write(`event: revoked\ndata: ${JSON.stringify({ id })}\n\n`);
    };
    manager.events.on("revoked", tell);
    response.once("close", () => manager.events.off("revoked", tell));
  }

  const listener = async (request: SessionRequest, response: ServerResponse) => {
    const url = new URL(request.url ?? "", "http://localhost");
    const line = `${request.method} ${url.pathname.slice("/session".length)}`;
    try {
      if (line === "GET /events") return await stream(request, response);
      sendJson(response, 200, { success: true, data: await answer(request, line, url) });
    } catch (error) {
      if (!(error instanceof CoatcheckError)) throw error;
      sendJson(response, error.status, errorBody(error));
    }
  };
  const cookie = { secure: false } as const;
  // The page keeps its caches: a back button that the server's own header already defuses would prove nothing.
  const strict = coatcheck(manager, { cookie, csrf: { token: "required" }, clearSiteData: [] })(listener);
  // Where a page gets its first token, none can be asked for.
  const offered = coatcheck(manager, { cookie, csrf: { token: "offered" }, clearSiteData: [] })(listener);
  return (request, response) => (request.url === "/session/init" ? offered : strict)(request, response);
}

export async function readJson<Body>(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
