import { createCipheriv, randomBytes } from "node:crypto";
import { aesGcm, cookieSet } from "coatcheck/legacy";

/* The cookies of the legacy application: an encrypted session, a backend's token, and flags. */

const encryptionKey = randomBytes(32);
const decryptSession = aesGcm(encryptionKey);

/** The content of the encrypted cookie. */
export interface LegacyCookieSession {
  readonly userId: string;
  readonly token: string;
}

/** Encrypts a session as Web Crypto does (nonce, ciphertext, tag), in base64 as a cookie value. */
function encryptSession(session: object, secret: Uint8Array): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", secret, nonce);
  const text = Buffer.concat([cipher.update(JSON.stringify(session)), cipher.final()]);
  return encodeURIComponent(Buffer.concat([nonce, text, cipher.getAuthTag()]).toString("base64"));
}

function sessionCookie(userId: string, secret: Uint8Array): string {
  const profile = Array.from({ length: 48 }, (_, index) => ({ field: `setting ${index}`, value: userId }));
  return encryptSession({ userId, token: randomBytes(16).toString("hex"), profile }, secret);
}

const DOMAIN_ATTRIBUTE = "; Domain=.dott.test";
const FLAG_COOKIES = {
  onboarding_status: encodeURIComponent(JSON.stringify({ step: "complete", plan: "professional" })),
  businessInfoCompleted: "true",
  subscriptionCompleted: "true",
  paymentCompleted: "true",
  setupCompleted: "true",
  onboardingStep: "complete",
  businessName: encodeURIComponent("Ada's Tacos & Burritos, Limited"),
  businessId: "0b7f1c0e-6a51-4a3b-9c55-0d6c8c1f7e11",
  tenantId: "5d0e6f1a-2f0e-4a55-8d63-6f2a9d1f0c22",
  user_session: Buffer.from("a copy of the encrypted cookie's content, ".repeat(8)).toString("base64"),
  authToken: "f".repeat(160),
};

/** The names of all fifteen cookies. A login sets sixteen cookies, because one name is set on two domains. */
export const LEGACY_COOKIES: readonly string[] = [
  "dott_auth_session",
  "session_token",
  ...Object.keys(FLAG_COOKIES),
  "dashboardLayout",
  "apiVersion",
];

/**
 * Returns the `Set-Cookie` headers of a login to the legacy application. The fifteen cookie names are spread over three
 * paths and two domains. One of the names is set on both domains.
 */
export function legacyLogin(userId: string): readonly string[] {
  return [
    `dott_auth_session=${sessionCookie(userId, encryptionKey)}; Path=/; Secure; HttpOnly`,
    `session_token=${"d".repeat(120)}; Path=/; Secure; HttpOnly`,
    `session_token=${"e".repeat(120)}; Path=/; Secure; HttpOnly${DOMAIN_ATTRIBUTE}`,
    ...Object.entries(FLAG_COOKIES).map(
      ([name, value], index) => `${name}=${value}; Path=/${index % 2 ? DOMAIN_ATTRIBUTE : ""}`,
    ),
    `dashboardLayout=wide; Path=/dashboard${DOMAIN_ATTRIBUTE}`,
    "apiVersion=1; Path=/api",
  ];
}

/** A session cookie that is encrypted with an unknown key. */
export const forgedSession = () => sessionCookie("ada", randomBytes(32));

/** Reads the session cookie as the legacy application does. Returns null for a cookie that it did not encrypt. */
export function readLegacyCookie(value: string): LegacyCookieSession | null {
  const text = decryptSession(decodeURIComponent(value));
  return text === null ? null : JSON.parse(text);
}

export const legacyCookieSet = cookieSet<LegacyCookieSession & { readonly plan: unknown }>({
  name: "dott_auth_session",
  others: LEGACY_COOKIES.slice(1),
  read: (value, cookies) => {
    const session = readLegacyCookie(value);
    return session && { ...session, plan: cookies.json("onboarding_status") };
  },
  key: ({ token }) => token,
});
