import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { createSecureServer, type IncomingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import { HeldExchanges, holdExchange, http2Headers, sendBody } from "./held-exchanges.ts";

let pem: string | null = null;

/** Returns a private key and a certificate for all `.test` hosts, in one PEM text. */
function certificate(): string {
  pem ??= newCertificate();
  return pem;
}

function newCertificate(): string {
  const key = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=test", "-addext", "subjectAltName=DNS:*.test"];
  const output = ["-keyout", "-", "-out", "-"];
  return execFileSync("openssl", ["req", ...key, ...names, ...output], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** Converts HTTP/2 request headers to HTTP/1.1. The host is in `:authority`. */
function toHttp1(headers: IncomingHttpHeaders): Record<string, string | string[] | undefined> {
  const fields = Object.entries(headers).filter(([name]) => !name.startsWith(":"));
  return { ...Object.fromEntries(fields), host: headers[":authority"], "x-forwarded-proto": "https" };
}

/**
 * Starts a proxy in front of a site: https towards the browser under every host name, plain HTTP towards the site. It
 * speaks HTTP/2, because a browser sends at most six concurrent requests to a host over HTTP/1.1.
 */
export async function startTlsProxy(backend: string) {
  const pem = certificate();
  const held = new Map<string, HeldExchanges>();
  const server = createSecureServer({ key: pem, cert: pem }, async (incoming, outgoing) => {
    const url = `${backend}${incoming.url}`;
    const options = { method: incoming.method, headers: toHttp1(incoming.headers) };
    const exchanges = held.get(`${incoming.method} ${incoming.url}`);
    if (exchanges) {
      exchanges.add(await holdExchange(incoming, outgoing, (body) => sendBody(url, options, body)));
      return;
    }
    const upstream = request(url, options, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, http2Headers(response));
      response.pipe(outgoing);
    });
    upstream.on("error", () => outgoing.stream.close());
    outgoing.on("close", () => upstream.destroy());
    incoming.pipe(upstream);
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
    /** Returns the site's origin under a host name. */
    originOf: (host: string) => `https://${host}:${port}`,
    /** Holds back requests with this method and URL, such as `POST /login`, and their responses, from now on. */
    hold(line: string): HeldExchanges {
      const exchanges = new HeldExchanges();
      held.set(line, exchanges);
      return exchanges;
    },
    /** Stops holding back requests with this method and URL. */
    release: (line: string) => held.delete(line),
    close() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

export type TlsProxy = Awaited<ReturnType<typeof startTlsProxy>>;
