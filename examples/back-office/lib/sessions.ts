import { createBinding } from "coatcheck/device";
import { coatcheck } from "coatcheck/next";
import { isSessionless } from "./api/sessionless.ts";
import { getOffice } from "./office.ts";

/** The data of a user that client components may read. */
export interface PublicUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** `src/main.ts` sets this variable from the service's configuration. */
const { OFFICE_SECURE_COOKIE } = process.env;

/**
 * The sessions of the service. The cookie has its own name, because programs on other ports of the host share all
 * cookies.
 */
export const sessions = coatcheck<PublicUser>(() => getOffice().sessions.manager, {
  signIn: "/login",
  cookie: OFFICE_SECURE_COOKIE === "true" ? { name: "back-office" } : { name: "back-office", secure: false },
  // `src/client-headers.ts` has replaced the headers that a client could forge.
  trustProxy: 1,
  // If another browser sends the cookie, its user must enter the password. A change of the network is only logged,
  // because a network can change without an attack.
  binding: createBinding({
    userAgent: "step-up",
    address: "log",
    country: (client, request) =>
      getOffice().sessions.describeClient(client, request.header("user-agent")).country,
  }),
  // Call `getOffice()` only when a JWT is verified, because `next build` loads this module without an office.
  jwt: { verify: (token) => getOffice().jwts.verify(token) },
  sessionless: ({ url }) => isSessionless(url),
  newSession: (client, request) => ({
    client: getOffice().sessions.describeClient(client, request.header("user-agent")),
  }),
  async user(subject): Promise<PublicUser | null> {
    const user = await getOffice().context.of({ subject, tenant: null, data: {} }).user();
    return user && { id: user.id, name: user.name, email: user.email };
  },
});
