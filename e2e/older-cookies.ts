import { createCipheriv, randomBytes } from "node:crypto";
import { aesGcm, cookieSet } from "coatcheck/legacy";

/* The cookies of the system that the shop had before: an encrypted session, a backend's token, flags beside them. */

const key = randomBytes(32);
const open = aesGcm(key);

/** What the encrypted cookie says. */
export interface OlderSession {
  readonly userId: string;
  readonly token: string;
}

/** In the layout of Web Crypto, base64 in a cookie. */
function sealed(session: object, secret: Uint8Array): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", secret, nonce);
  const text = Buffer.concat([cipher.update(JSON.stringify(session)), cipher.final()]);
  return encodeURIComponent(Buffer.concat([nonce, text, cipher.getAuthTag()]).toString("base64"));
}

function sessionOf(userId: string, secret: Uint8Array): string {
  const profile = Array.from({ length: 48 }, (_, index) => ({ field: `setting ${index}`, value: userId }));
  return sealed({ userId, token: randomBytes(16).toString("hex"), profile }, secret);
}

const DOMAIN = "; Domain=.dott.test";
const FLAGS = {
  onboarding_status: encodeURIComponent(JSON.stringify({ step: "complete", plan: "professional" })),
  businessInfoCompleted: "true",
  subscriptionCompleted: "true",
  paymentCompleted: "true",
  setupCompleted: "true",
  onboardingStep: "complete",
  businessName: encodeURIComponent("Ada's Tacos & Burritos, Limited"),
  businessId: "0b7f1c0e-6a51-4a3b-9c55-0d6c8c1f7e11",
  tenantId: "5d0e6f1a-2f0e-4a55-8d63-6f2a9d1f0c22",
  user_session: Buffer.from("a copy of what the encrypted cookie says, ".repeat(8)).toString("base64"),
  authToken: "f".repeat(160),
};

/** The names of all fifteen. */
export const OLDER_COOKIES: readonly string[] = [
  "dott_auth_session",
  "session_token",
  ...Object.keys(FLAGS),
  "dashboardLayout",
  "apiVersion",
];

/** What the older system answered a log-in with: fifteen cookies on three paths and two domains, one of them twice. */
export function olderLogIn(userId: string): readonly string[] {
  return [
    `dott_auth_session=${sessionOf(userId, key)}; Path=/; Secure; HttpOnly`,
    `session_token=${"d".repeat(120)}; Path=/; Secure; HttpOnly`,
    `session_token=${"e".repeat(120)}; Path=/; Secure; HttpOnly${DOMAIN}`,
    ...Object.entries(FLAGS).map(
      ([name, value], index) => `${name}=${value}; Path=/${index % 2 ? DOMAIN : ""}`,
    ),
    `dashboardLayout=wide; Path=/dashboard${DOMAIN}`,
    "apiVersion=1; Path=/api",
  ];
}

/** Nobody had the key that this was made with. */
export const forgedSession = () => sessionOf("ada", randomBytes(32));

/** What the older system makes of its cookie; null for one that is none of its own. */
export function readOlder(value: string): OlderSession | null {
  const text = open(decodeURIComponent(value));
  return text === null ? null : JSON.parse(text);
}

export const olderSet = cookieSet<OlderSession & { readonly plan: unknown }>({
  name: "dott_auth_session",
  others: OLDER_COOKIES.slice(1),
  read: (value, cookies) => {
    const session = readOlder(value);
    return session && { ...session, plan: cookies.json("onboarding_status") };
  },
  key: ({ token }) => token,
});
