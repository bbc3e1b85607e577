import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "coatcheck-server";
import { NextRequest } from "next/server";
import { pino } from "pino";
import { type Office, provideOffice } from "../lib/office.ts";
import { sessions } from "../lib/sessions.ts";
import { closeOffice, openOffice } from "../src/open-office.ts";

/** One line of the log. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** An open office. Tests call its route handlers directly, without a server. */
export interface RoutedOffice extends Office {
  /** The lines that the office has logged. */
  readonly lines: LogLine[];
  close(): Promise<void>;
}

/** Opens an office on a new SQLite file, and provides it to the route handlers. */
export async function openRoutedOffice(
  variables: Readonly<Record<string, string>> = {},
): Promise<RoutedOffice> {
  const folder = mkdtempSync(join(tmpdir(), "back-office-"));
  const lines: LogLine[] = [];
  const log = pino({ level: "info" }, { write: (text) => void lines.push(JSON.parse(text)) });
  const config = readConfig({ DATABASE_URL: `sqlite:${join(folder, "coatcheck.db")}`, ...variables });
  const office = await openOffice(config, log);
  provideOffice(office);
  return {
    ...office,
    lines,
    async close() {
      await sessions.close();
      await closeOffice(office);
      rmSync(folder, { recursive: true });
    },
  };
}

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/** Creates the request of a client, as `src/main.ts` passes it to Next.js. */
export function clientRequest(
  path: string,
  { body, ...headers }: Readonly<Record<string, string>> = {},
): NextRequest {
  return new NextRequest(`http://localhost:3003${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      "user-agent": FIREFOX,
      "x-forwarded-for": "203.0.113.7",
      "content-type": "application/json",
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
}
