import { coatcheck } from "coatcheck/next";
import { office } from "./office.ts";

/** The user, as client components may see it. */
export interface PublicUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** Variables that `src/main.ts` sets from the service's configuration. */
const { OFFICE_SECURE_COOKIE, OFFICE_PROXIES } = process.env;

/** The service's sessions, under a cookie of the back office's own: cookies do not tell the ports of one host apart. */
export const sessions = coatcheck<PublicUser>(() => office().sessions.manager, {
  signIn: "/login",
  cookie: OFFICE_SECURE_COOKIE === "true" ? { name: "back-office" } : { name: "back-office", secure: false },
  trustProxy: Number(OFFICE_PROXIES) || false,
  newSession: (client, request) => ({
    client: office().sessions.describeClient(client, request.header("user-agent")),
  }),
  async user(subject): Promise<PublicUser | null> {
    const user = await office().context.of({ subject, tenant: null, data: {} }).user();
    return user && { id: user.id, name: user.name, email: user.email };
  },
});
