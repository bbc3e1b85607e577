import { describeClient } from "coatcheck/device";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as sessionRoute from "../app/session/[[...path]]/route.ts";
import { provideOffice } from "../lib/office.ts";
import { clientRequest, openRoutedOffice, type RoutedOffice } from "./route-fixtures.ts";

const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
/** The country of each address, instead of the file that `GEOIP_DATABASE` names. */
const COUNTRIES: Readonly<Record<string, string>> = { "203.0.113.7": "CH", "198.51.100.4": "DE" };

describe("the back office's log", () => {
  let office: RoutedOffice;

  beforeAll(async () => {
    office = await openRoutedOffice();
    const describeWithPlace: typeof office.sessions.describeClient = (client, userAgent) =>
      describeClient(client, userAgent, "truncated", {
        country: COUNTRIES[client.address ?? ""] ?? null,
        city: null,
      });
    provideOffice({ ...office, sessions: { ...office.sessions, describeClient: describeWithPlace } });
  });
  beforeEach(() => office.lines.splice(0));
  afterAll(() => office.close());

  /** Logs in. Returns the `Cookie` header of the browser. Each test has an account without earlier logins. */
  async function logIn(email: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const body = JSON.stringify({ email, password: "password123" });
    const response = await sessionRoute.POST(clientRequest("/session", { body, ...headers }), {});
    expect(response.status).toBe(200);
    return response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  }

  /** Returns the session that the session endpoint returns for a request with these headers. */
  async function sessionOf(headers: Readonly<Record<string, string>>) {
    const response = await sessionRoute.GET(clientRequest("/session", headers), {});
    const { data } = await response.json();
    return data.session;
  }

  const linesOf = (name: string) => office.lines.filter(({ msg }) => msg === name);
  const eventuallyLinesOf = (name: string) => expect.poll(() => linesOf(name), { timeout: 10_000 });

  it("reports a new device for the first login of another browser, but not for a user's first login", async () => {
    await logIn("ada@alpine.example");
    await logIn("ada@alpine.example", { "user-agent": CHROME });
    await eventuallyLinesOf("new-device").toMatchObject([
      { level: 30, subject: expect.any(String), device: "Chrome on Windows", country: "CH" },
    ]);
    await logIn("ada@alpine.example", { "user-agent": CHROME });
    expect(linesOf("new-device")).toHaveLength(1);
    expect(linesOf("new-country")).toEqual([]);
  });

  it("reports a login from a new country, with the id of the session", async () => {
    await logIn("ben@alpine.example");
    await logIn("ben@alpine.example", { "x-forwarded-for": "198.51.100.4" });
    await eventuallyLinesOf("new-country").toMatchObject([
      {
        level: 30,
        subject: expect.any(String),
        device: "Firefox on Linux",
        country: "DE",
        sessionId: expect.any(String),
      },
    ]);
    expect(linesOf("new-device")).toEqual([]);
  });

  it("reports a change of the network once, and the session continues", async () => {
    const cookie = await logIn("cleo@alpine.example");
    const mobile = { cookie, "x-forwarded-for": "198.51.100.4" };
    expect(await sessionOf(mobile)).not.toHaveProperty("needsProof");
    expect(await sessionOf(mobile)).not.toHaveProperty("needsProof");
    expect(linesOf("client-changed")).toMatchObject([
      {
        level: 30,
        subject: expect.any(String),
        change: { action: "log", userAgent: null, address: { before: "203.0.113.0", now: "198.51.100.0" } },
      },
    ]);
  });

  it("reports no change if the new address belongs to the same network", async () => {
    const cookie = await logIn("hana@harbour.example");
    const { subject } = await sessionOf({ cookie, "x-forwarded-for": "203.0.113.200" });
    expect(subject).toEqual(expect.any(String));
    expect(linesOf("client-changed")).toEqual([]);
  });

  it("warns of a change of the browser, and both browsers must enter the password again", async () => {
    const cookie = await logIn("root@office.example");
    await sessionOf({ cookie, "user-agent": CHROME });
    expect(linesOf("client-changed")).toMatchObject([
      {
        level: 40,
        change: {
          action: "step-up",
          userAgent: { before: "Firefox on Linux", now: "Chrome on Windows" },
          address: null,
        },
      },
    ]);
    expect(await sessionOf({ cookie })).toMatchObject({ needsProof: true });
  });
});
