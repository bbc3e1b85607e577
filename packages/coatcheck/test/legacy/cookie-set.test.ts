import { createCipheriv, createDecipheriv, randomBytes, webcrypto } from "node:crypto";
import { describe, expect, test } from "vitest";
import { aesGcm, cookieSet } from "../../src/legacy/index.ts";
import { openSite, validate } from "./rig.ts";
import { ask, Browser } from "./site.ts";

const AES = randomBytes(32);

interface Older {
  readonly user: string;
  readonly session_token: string;
  readonly onboarded: boolean;
}

/** As an application with Web Crypto writes it. */
async function encrypted(value: object): Promise<string> {
  const iv = randomBytes(12);
  const key = await webcrypto.subtle.importKey("raw", AES, "AES-GCM", false, ["encrypt"]);
  const text = new TextEncoder().encode(JSON.stringify(value));
  const bytes = await webcrypto.subtle.encrypt({ name: "AES-GCM", iv }, key, text);
  return encodeURIComponent(Buffer.concat([iv, new Uint8Array(bytes)]).toString("base64"));
}

const SET = ["session_token", "onboarding_status", "businessInfoCompleted", "onboardingStep"];
const open = aesGcm(AES);

/** Seed 3's set: an encrypted cookie, a token, flags. */
const dott = cookieSet<Older>({
  name: "dott_auth_session",
  others: [...SET, ...Array.from({ length: 10 }, (_, index) => `flag_${index}`)],
  read: (value, cookies) => {
    const { user } = JSON.parse(open(value) ?? "");
    const session_token = cookies.text("session_token") ?? "";
    return { user, session_token, onboarded: cookies.json("businessInfoCompleted") === true };
  },
  key: ({ session_token }) => session_token,
});

describe("an encrypted cookie with flags beside it", () => {
  async function cookies(user: string): Promise<Record<string, string>> {
    return {
      dott_auth_session: await encrypted({ user }),
      session_token: `token-of-${user}`,
      onboarding_status: encodeURIComponent('{"step":"done"}'),
      businessInfoCompleted: "true",
      onboardingStep: "4",
      ...Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`flag_${index}`, "1"])),
    };
  }

  function bringFlags({ user, onboarded }: Older) {
    return user === "deleted" ? null : { subject: user, data: { theme: onboarded ? "dark" : "light" } };
  }

  test("fifteen cookies become one", async () => {
    const { site } = await openSite([dott], bringFlags);
    const browser = new Browser(site, await cookies("ann"));
    expect(Object.keys(browser.cookies)).toHaveLength(15);
    // What does not fit into one answer goes with the next.
    while (Object.keys(browser.cookies).length > 1 || !("__Host-sid" in browser.cookies)) {
      const before = Object.keys(browser.cookies).length;
      const { lines, body } = await browser.get("/me");
      expect(JSON.parse(body)).toMatchObject({ subject: "ann", data: { theme: "dark" } });
      expect(lines.join("\n").length).toBeLessThan(3500);
      expect(Object.keys(browser.cookies).length).toBeLessThan(before);
    }
    expect(Object.keys(browser.cookies)).toEqual(["__Host-sid"]);
    expect((await browser.me()).subject).toBe("ann");
  });

  test("the layout of Web Crypto, and nothing less than all of it", async () => {
    const genuine = decodeURIComponent(await encrypted({ user: "ann" }));
    expect(JSON.parse(open(genuine) ?? "")).toEqual({ user: "ann" });
    const bytes = Buffer.from(genuine, "base64");
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      expect(open(changed.toString("base64"))).toBeNull();
      expect(open(bytes.subarray(0, index).toString("base64"))).toBeNull();
    }
    expect(() => aesGcm(randomBytes(16))).toThrow(expect.objectContaining({ code: "VALIDATION_FAILED" }));
  });

  test("the application's own decryption, AES-256-CBC here", async () => {
    const iv = randomBytes(16);
    const cipher = createCipheriv("aes-256-cbc", AES, iv);
    const text = Buffer.concat([cipher.update('{"user":"ann"}'), cipher.final()]);
    const reader = cookieSet<{ user: string; token: string }>({
      name: "auth",
      others: ["session_token"],
      read: (value, all) => {
        const [head = "", body = ""] = value.split(":");
        const decipher = createDecipheriv("aes-256-cbc", AES, Buffer.from(head, "hex"));
        const plain = Buffer.concat([decipher.update(Buffer.from(body, "hex")), decipher.final()]);
        return { ...JSON.parse(plain.toString()), token: all.text("session_token") ?? "" };
      },
      key: ({ token: value }) => value,
    });
    const { site, outcomes } = await openSite([reader], validate);
    const auth = `${iv.toString("hex")}:${text.toString("hex")}`;
    await ask(site, "/me", { auth: "old_encrypted_data", session_token: "t" });
    const answer = await ask(site, "/me", { auth, session_token: "t" });
    expect(JSON.parse(answer.body).subject).toBe("ann");
    expect(outcomes).toEqual(["unreadable", "migrated"]);
  });
});
