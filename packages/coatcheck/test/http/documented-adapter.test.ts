import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, describe, it } from "vitest";
import type { HttpOptions, RequestSession } from "../../src/http/index.ts";
import type { SessionManager } from "../../src/session/manager.ts";
import {
  type AdapterSuiteData,
  adapterContract,
  type Routes,
  type StartAdapter,
} from "../../src/testing/adapter-suite.ts";
import { createByteStream } from "./adapter-fixtures.ts";

type Handler = (request: Request, session: RequestSession<AdapterSuiteData>) => Promise<Response>;
type WithSession = (
  manager: SessionManager<AdapterSuiteData>,
  options: HttpOptions,
  handler: Handler,
) => (request: Request, address?: string) => Promise<Response>;

const source = readFileSync(new URL("../../src/http/index.ts", import.meta.url), "utf8");
const [, example = ""] = /@example\n([\s\S]*?)\n \*\n \* @module/.exec(source) ?? [];

// The folder must be inside the package, so that `coatcheck/http` can be imported.
const folder = mkdtempSync(new URL(".docs-", import.meta.url).pathname);
writeFileSync(`${folder}/adapter.ts`, example.replaceAll(/^ \* ?/gm, ""));
const { withSession }: { withSession: WithSession } = await import(`${folder}/adapter.ts`);
afterAll(() => rmSync(folder, { recursive: true }));

const startDocumentedAdapter: StartAdapter = async (manager, options, routes) => {
  const handle = withSession(manager, options, (request, session) => callRoute(routes, request, session));
  const server = createServer(async (incoming, outgoing) => {
    const { method = "GET", url = "/", rawHeaders } = incoming;
    const headers = new Headers();
    for (let index = 0; index < rawHeaders.length; index += 2) {
      headers.append(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "");
    }
    const body = incoming.headers["content-type"] ? { body: await text(incoming) } : {};
    const request = new Request(new URL(url, `http://${incoming.headers.host}`), {
      method,
      headers,
      ...body,
    });
    const response = await handle(request, incoming.socket.remoteAddress);
    outgoing.statusCode = response.status;
    for (const [name, value] of response.headers) outgoing.appendHeader(name, value);
    outgoing.end(method === "HEAD" ? undefined : await response.bytes());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

async function callRoute(
  routes: Routes,
  request: Request,
  session: RequestSession<AdapterSuiteData>,
): Promise<Response> {
  const route = routes[new URL(request.url).pathname as keyof Routes];
  if (route === undefined) return new Response(null, { status: 404 });
  const { guard } = route;
  if (guard === "session") await session.requireSession();
  else if (guard === "subject") await session.requireSubject();
  else if (guard !== undefined) await session.requireElevated(guard.elevated);
  return (await route.handle({
    session,
    reply: (status, headers, body) => new Response(body ?? null, { status, headers }),
    stream: (chunks) => new Response(createByteStream(chunks)),
  })) as Response;
}

adapterContract(
  { describe, it },
  { name: "the adapter documented in coatcheck/http", start: startDocumentedAdapter, raw: false },
);
