import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, readConfig } from "coatcheck-server";
import { pino } from "pino";
import { afterAll, beforeAll } from "vitest";
import { type Backend, type BackendKind, startBackend } from "../backend/start.ts";
import { AccountOrders } from "../src/accounts/account-orders.ts";
import { openAccountsDatabase } from "../src/accounts/database.ts";
import { PasswordHasher } from "../src/accounts/password.ts";
import type { Limits } from "../src/limits.ts";
import { type RunningShop, startShop } from "../src/main.ts";
import { createTemporaryFolder } from "./backend-fixtures.ts";

export const ADMIN_TOKEN = "admin-token-of-the-tests";
export const API_KEYS = { slack: "key-of-the-slack-bot-0001", other: "key-of-the-other-bot-0001" } as const;
/** High limits, because all tests share one address. */
const HIGH_LIMITS: Limits = { logins: 1000, accounts: 1000, inits: 1000 };
export const log = pino({ level: "silent" });

/** The fields of an order that the tests read. */
export interface OrderData extends Cart {
  readonly number: number;
  readonly role: string;
  readonly item: { readonly id: number; readonly quantity: number } | null;
  readonly cart: Cart;
  readonly orders: readonly { readonly number: number }[];
  readonly sessions: readonly {
    readonly sessionId: string;
    readonly role: string;
    readonly owner: string;
  }[];
  readonly entries: readonly {
    readonly number: number;
    readonly what: string;
    readonly outcome: string;
    readonly who: { readonly participantId: string; readonly name: string };
    readonly item?: unknown;
  }[];
  readonly participants: readonly {
    readonly participantId: string;
    readonly name: string;
    readonly role: string;
    readonly isYou: boolean;
  }[];
  readonly invitations: readonly { readonly invitationId: string; readonly uses: number }[];
  readonly invitationId: string;
  readonly token: string;
  readonly url: string;
  readonly removed: number;
}

export interface ResponseBody<Data = OrderData> {
  readonly success: boolean;
  readonly sessionId?: string;
  readonly data: Data;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly faults?: readonly { readonly path: string; readonly message: string }[];
  };
}

export interface Cart {
  readonly sessionId: string;
  readonly revision: number;
  readonly tacos: readonly { readonly id: number; readonly size: string; readonly quantity: number }[];
  readonly extras: readonly { readonly id: number; readonly product: string }[];
  readonly drinks: readonly { readonly id: number; readonly product: string; readonly quantity: number }[];
  readonly desserts: readonly { readonly id: number; readonly product: string }[];
  readonly itemCount: number;
  readonly total: number;
}

export interface RecordedResponse<Data = OrderData> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ResponseBody<Data>;
}

/** A client of the shop: a browser that stores its cookie, or an API consumer with an API key. */
export class Visitor {
  readonly #url: () => string;
  readonly #key: string | null;
  cookie: string | null = null;

  constructor(url: () => string, key: string | null = null) {
    this.#url = url;
    this.#key = key;
  }

  headers(): Record<string, string> {
    return {
      ...(this.cookie === null ? {} : { cookie: `sid=${this.cookie}` }),
      ...(this.#key === null ? {} : { authorization: `Bearer ${this.#key}` }),
    };
  }

  /** Sends a request below `/api/v1`. A string body is sent unchanged, any other value as JSON. */
  async send<Data = OrderData>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<RecordedResponse<Data>> {
    const { response, answer } = await this.sendTo(method, `/api/v1${path}`, body, headers);
    return { status: response.status, headers: response.headers, body: answer as ResponseBody<Data> };
  }

  /** Sends a request to an absolute path. The response body is untyped. */
  async sendTo(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(`${this.#url()}${path}`, {
      method,
      headers: {
        ...this.headers(),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const value = /^sid=([^;]+)/.exec(line)?.[1];
      if (value !== undefined) this.cookie = value;
      else if (/^sid=;/.test(line)) this.cookie = null;
    }
    return { response, answer: (await response.json()) as unknown };
  }

  async get<Data = OrderData>(path: string): Promise<RecordedResponse<Data>> {
    return await this.send<Data>("GET", path);
  }

  async post(
    path: string,
    body: unknown = {},
    headers: Record<string, string> = {},
  ): Promise<RecordedResponse> {
    return await this.send("POST", path, body, headers);
  }

  /** Creates an order session and returns its path. */
  async createOrder(body: unknown = {}): Promise<string> {
    const answer = await this.post("/sessions", body);
    if (answer.status !== 201) throw new Error(`Could not create the order: ${JSON.stringify(answer.body)}`);
    return `/sessions/${answer.body.data.sessionId}`;
  }
}

/** Hashes passwords fast, and too weakly for production. */
export const passwordHasher = new PasswordHasher({ N: 1024, r: 8, p: 1 });

/**
 * Starts a shop and a backend for the tests of one `describe`.
 *
 * @param stock the portions of each product whose stock differs from the menu, by product id.
 */
export function setUpShop(
  kind: BackendKind,
  stock: Record<string, number> = {},
  limits: Limits = HIGH_LIMITS,
) {
  const folder = createTemporaryFolder();
  const backendData = join(folder.path, "backend");
  const accountsPath = join(folder.path, "accounts.db");
  const config: Config = readConfig({
    PORT: "0",
    DATABASE_URL: `sqlite:${join(folder.path, "sessions.db")}`,
    ADMIN_TOKEN,
    API_KEYS: `slack:${API_KEYS.slack},other:${API_KEYS.other}`,
  });
  const used = {} as { shop: RunningShop; backend: Backend };
  const url = () => used.shop.url;
  beforeAll(async () => {
    mkdirSync(backendData);
    writeFileSync(join(backendData, "stock.json"), JSON.stringify({ through: 0, left: stock }));
    used.shop = await startShop({
      config,
      log,
      backendData,
      backendKind: kind,
      accountsPath,
      limits,
      passwordHasher,
    });
    used.backend = used.shop.backend;
  });
  afterAll(async () => {
    if (used.backend !== used.shop.backend) await used.backend.stop();
    await used.shop.stop();
    folder.remove();
  });
  return {
    config,
    accountsPath,
    accountOrders: () => new AccountOrders(openAccountsDatabase(accountsPath)),
    url,
    backendUrl: () => used.backend.url,
    browser: () => new Visitor(url),
    consumer: (key: string = API_KEYS.slack) => new Visitor(url, key),
    admin: () => new Visitor(url, ADMIN_TOKEN),
    kill: () => used.backend.stop("SIGKILL"),
    async restart() {
      used.backend = await startBackend({ port: used.shop.backend.port, dataDir: backendData, kind });
    },
  };
}
