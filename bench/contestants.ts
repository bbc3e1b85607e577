import { bareExpress, bareFastify } from "./servers/bare.ts";
import { betterAuthServer } from "./servers/better-auth.ts";
import { coatcheckExpress, coatcheckFastify } from "./servers/coatcheck.ts";
import { expressSession } from "./servers/express-session.ts";
import { fastifySession } from "./servers/fastify-session.ts";
import type { Contestant } from "./servers/work.ts";

/** Who is measured, against which bare framework. */
export interface Entry {
  readonly name: string;
  readonly framework: "Express 5" | "Fastify 5";
  readonly start: () => Promise<Contestant>;
}

export const ENTRIES: readonly Entry[] = [
  { name: "bare", framework: "Express 5", start: bareExpress },
  { name: "Coatcheck", framework: "Express 5", start: coatcheckExpress },
  { name: "express-session, memory", framework: "Express 5", start: () => expressSession() },
  { name: "bare", framework: "Fastify 5", start: bareFastify },
  { name: "Coatcheck", framework: "Fastify 5", start: coatcheckFastify },
  { name: "@fastify/session, memory", framework: "Fastify 5", start: fastifySession },
  {
    name: "better-auth, SQLite",
    framework: "Fastify 5",
    start: () => betterAuthServer({ cookieCache: false }),
  },
  {
    name: "better-auth, cookie cache",
    framework: "Fastify 5",
    start: () => betterAuthServer({ cookieCache: true }),
  },
];
