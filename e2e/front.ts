import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { request as ask } from "node:http";
import { createSecureServer, type IncomingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";

/** Key and certificate in one, for every name under `.test`. */
function certificate(): string {
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=test", "-addext", "subjectAltName=DNS:*.test"];
  const whereto = ["-keyout", "-", "-out", "-"];
  return execFileSync("openssl", ["req", ...kind, ...names, ...whereto], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** HTTP/2 has no connection to speak of, and names its host elsewhere. */
function onward(headers: IncomingHttpHeaders): Record<string, string | string[] | undefined> {
  const fields = Object.entries(headers).filter(([name]) => !name.startsWith(":"));
  return { ...Object.fromEntries(fields), host: headers[":authority"], "x-forwarded-proto": "https" };
}

/**
 * What stands before a site: https towards the browser, whatever name it is asked by, plain HTTP behind. It speaks
 * HTTP/2, so that more than the six requests of HTTP/1.1 are under way at once.
 */
export async function startFront(backend: string) {
  const pem = certificate();
  const server = createSecureServer({ key: pem, cert: pem }, (incoming, outgoing) => {
    const { method = "GET", headers } = incoming;
    const behind = ask(`${backend}${incoming.url}`, { method, headers: onward(headers) }, (answer) => {
      const { connection: _, "keep-alive": __, "transfer-encoding": ___, ...fields } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 502, fields);
      answer.pipe(outgoing);
    });
    behind.on("error", () => outgoing.stream.close());
    outgoing.on("close", () => behind.destroy());
    incoming.pipe(behind);
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    /** The origin under which the site is reached by this name. */
    at: (host: string) => `https://${host}:${port}`,
    close() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

export type Front = Awaited<ReturnType<typeof startFront>>;
