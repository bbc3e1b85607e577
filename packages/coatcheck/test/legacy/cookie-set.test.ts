import { createCipheriv, createDecipheriv, randomBytes, webcrypto } from "node:crypto";
import { describe, expect, test } from "vitest";
import { aesGcm, cookieSet } from "../../src/legacy/index.ts";
import { openSite, validate } from "./fixtures.ts";
import { Browser, sendRequest } from "./site-fixtures.ts";

const AES = randomBytes(32);

interface LegacyData {
  readonly user: string;
  readonly session_token: string;
  readonly onboarded: boolean;
}

/** Encrypts a cookie with Web Crypto, as a legacy application does. */
async function encryptCookie(value: object): Promise<string> {
  const iv = randomBytes(12);
  const key = await webcrypto.subtle.importKey("raw", AES, "AES-GCM", false, ["encrypt"]);
  const text = new TextEncoder().encode(JSON.stringify(value));
  const bytes = await webcrypto.subtle.encrypt({ name: "AES-GCM", iv }, key, text);
  return encodeURIComponent(Buffer.concat([iv, new Uint8Array(bytes)]).toString("base64"));
}

const SET = ["session_token", "onboarding_status", "businessInfoCompleted", "onboardingStep"];
const open = aesGcm(AES);

/** A reader for an encrypted cookie, a session token and several flag cookies. */
const encryptedSet = cookieSet<LegacyData>({
  name: "dott_auth_session",
  others: [...SET, ...Array.from({ length: 10 }, (_, index) => `flag_${index}`)],
  read: (value, cookies) => {
    const { user } = JSON.parse(open(value) ?? "");
    const session_token = cookies.text("session_token") ?? "";
    return { user, session_token, onboarded: cookies.json("businessInfoCompleted") === true };
  },
  key: ({ session_token }) => session_token,
});

describe("cookieSet()", () => {
  async function cookies(user: string): Promise<Record<string, string>> {
    return {
      dott_auth_session: await encryptCookie({ user }),
      session_token: `token-of-${user}`,
      onboarding_status: encodeURIComponent('{"step":"done"}'),
      businessInfoCompleted: "true",
      onboardingStep: "4",
      ...Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`flag_${index}`, "1"])),
    };
  }

  function validateWithFlags({ user, onboarded }: LegacyData) {
    return user === "deleted" ? null : { subject: user, data: { theme: onboarded ? "dark" : "light" } };
  }

  test("replaces fifteen cookies by one session cookie", async () => {
    const { site } = await openSite([encryptedSet], validateWithFlags);
    const browser = new Browser(site, await cookies("ann"));
    expect(Object.keys(browser.cookies)).toHaveLength(15);
    // The next response clears the cookies that did not fit into this response.
    while (Object.keys(browser.cookies).length > 1 || !("__Host-sid" in browser.cookies)) {
      const before = Object.keys(browser.cookies).length;
      const { setCookie, body } = await browser.get("/me");
      expect(JSON.parse(body)).toMatchObject({ subject: "ann", data: { theme: "dark" } });
      expect(setCookie.join("\n").length).toBeLessThan(3500);
      expect(Object.keys(browser.cookies).length).toBeLessThan(before);
    }
    expect(Object.keys(browser.cookies)).toEqual(["__Host-sid"]);
    expect((await browser.getMe()).subject).toBe("ann");
  });

  test("aesGcm() decrypts values of Web Crypto, and rejects altered values, truncated values and short keys", async () => {
    const genuine = decodeURIComponent(await encryptCookie({ user: "ann" }));
    expect(JSON.parse(open(genuine) ?? "")).toEqual({ user: "ann" });
    const bytes = Buffer.from(genuine, "base64");
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      expect(open(changed.toString("base64"))).toBeNull();
      expect(open(bytes.subarray(0, index).toString("base64"))).toBeNull();
    }
    expect(() => aesGcm(randomBytes(16))).toThrow(
      expect.objectContaining({
        code: "VALIDATION_FAILED",
        message: "Invalid AES-256-GCM options: key must be 32 bytes (got 16).",
      }),
    );
  });

  test("migrates a cookie that the application decrypts itself, for example with AES-256-CBC", async () => {
    const iv = randomBytes(16);
    const cipher = createCipheriv("aes-256-cbc", AES, iv);
    const text = Buffer.concat([cipher.update('{"user":"ann"}'), cipher.final()]);
    const reader = cookieSet<{ user: string; token: string }>({
      name: "auth",
      others: ["session_token"],
      read: (value, all) => {
        const [nonce = "", ciphertext = ""] = value.split(":");
        const decipher = createDecipheriv("aes-256-cbc", AES, Buffer.from(nonce, "hex"));
        const plain = Buffer.concat([decipher.update(Buffer.from(ciphertext, "hex")), decipher.final()]);
        return { ...JSON.parse(plain.toString()), token: all.text("session_token") ?? "" };
      },
      key: ({ token: value }) => value,
    });
    const { site, outcomes } = await openSite([reader], validate);
    const auth = `${iv.toString("hex")}:${text.toString("hex")}`;
    await sendRequest(site, "/me", { auth: "old_encrypted_data", session_token: "t" });
    const response = await sendRequest(site, "/me", { auth, session_token: "t" });
    expect(JSON.parse(response.body).subject).toBe("ann");
    expect(outcomes).toEqual(["unreadable", "migrated"]);
  });
});
