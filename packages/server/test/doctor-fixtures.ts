import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { type ExamineOptions, examine } from "../src/doctor/examine.ts";
import { Command, temporaryFolder } from "./fixtures.ts";

/** Starts sites and runs `coatcheck doctor` on them. Stops the sites after each test. */
export class Sites {
  #folder = "";
  #servers: Server[] = [];

  /** Creates the sites, and registers the set-up and clean-up hooks in the calling test file. */
  static use(): Sites {
    const sites = new Sites();
    beforeEach(() => {
      sites.#folder = temporaryFolder();
    });
    afterEach(() => sites.#end());
    return sites;
  }

  /** Starts a server and returns its port. */
  async listen(server: Server, host = "127.0.0.1"): Promise<string> {
    this.#servers.push(server);
    server.listen(0, host);
    await once(server, "listening");
    return String((server.address() as AddressInfo).port);
  }

  /** Starts a site on http and returns its URL. */
  async startHttp(listener: RequestListener): Promise<string> {
    return `http://localhost:${await this.listen(createServer(listener), "localhost")}`;
  }

  /** Starts a site on https and returns its URL. {@link runDoctor} trusts its certificate. */
  async startHttps(listener: RequestListener): Promise<string> {
    const [key, cert] = [join(this.#folder, "key.pem"), this.#certificate];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const kind = [
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
    ];
    execFileSync("openssl", ["req", ...kind, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
    const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, listener);
    return `https://localhost:${await this.listen(server, "localhost")}`;
  }

  /** Runs the command. `report` is the parsed JSON output if `args` contain `--json`. */
  async runDoctor(args: readonly string[]) {
    const trusted = existsSync(this.#certificate) ? { NODE_EXTRA_CA_CERTS: this.#certificate } : undefined;
    const command = new Command(["doctor", ...args], this.#folder, trusted);
    const code = await command.exitCode();
    const report = args.includes("--json") ? JSON.parse(command.output || "null") : null;
    return { code, output: command.output, errors: command.errors, report };
  }

  get #certificate(): string {
    return join(this.#folder, "cert.pem");
  }

  #end(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    this.#servers = [];
    rmSync(this.#folder, { recursive: true });
  }
}

/** Response headers that forbid shared caches to store the response. */
export const PRIVATE_HEADERS = { "cache-control": "private, no-store", vary: "Cookie" };

/** A `Set-Cookie` header without faults, for http. */
export const VALID_COOKIE = "sid=secret-value; Path=/; HttpOnly; SameSite=Lax";

/** Returns a listener that sets these cookies if the request has no cookies. */
export function cookieSetter(
  cookies: string | string[],
  headers: Record<string, string | string[]> = PRIVATE_HEADERS,
): RequestListener {
  return (request, response) => {
    const isNew = request.headers.cookie === undefined;
    response.writeHead(200, isNew ? { ...headers, "set-cookie": cookies } : headers).end();
  };
}

/** Runs `examine`. Returns the codes of its findings. */
export async function findingCodes(url: string, options: Partial<ExamineOptions> = {}): Promise<string[]> {
  const request = { method: "GET" };
  const { findings } = await examine({
    url: new URL(url),
    frontend: null,
    cookie: null,
    request,
    ...options,
  });
  return findings.map(({ code }) => code);
}
