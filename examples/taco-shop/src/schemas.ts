import type { JsonObject } from "coatcheck";
import { z } from "zod";
import { LANGUAGES } from "./accounts/accounts.ts";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./accounts/password.ts";
import { cart, order } from "./backend-shapes.ts";
import { ACTIONS, MAX_NAME_LENGTH, ROLES } from "./order-state.ts";

/*
 * The shapes of requests and responses. Only the backend checks the menu's ids, quantities and telephone numbers, so
 * that these rules are not written twice. The backend names the path of each fault.
 */

const isoTime = z.string().meta({ format: "date-time" });
const role = z.enum(ROLES);

type OrderParams = { sessionId?: string | undefined };

interface PathParams {
  readonly order: z.ZodType<OrderParams>;
  readonly item: z.ZodType<OrderParams & { item: string }>;
  readonly number: z.ZodType<OrderParams & { number: string }>;
}

const sessionId = z.string();
const item = z.string();
const number = z.string();

const SESSION_PARAMS: PathParams = {
  order: z.object({ sessionId }),
  item: z.object({ sessionId, item }),
  number: z.object({ sessionId, number }),
};

const DEFAULT_ORDER_PARAMS: PathParams = {
  order: z.object({}),
  item: z.object({ item }),
  number: z.object({ number }),
};

/**
 * Returns the parameters in the paths of the routes below a prefix. If the prefix has no `:sessionId`, the routes use
 * the browser's default order session.
 */
export const paramsBelow = (prefix: string): PathParams =>
  prefix.includes(":sessionId") ? SESSION_PARAMS : DEFAULT_ORDER_PARAMS;

export const sharedParams = z.object({ sessionId: z.string() });
export const invitationParams = sharedParams.extend({ invitationId: z.string() });
export const participantParams = sharedParams.extend({ participantId: z.string() });

export const createBody = z
  .strictObject({
    metadata: z
      .record(z.string(), z.unknown())
      .transform((value) => value as JsonObject)
      .optional()
      .describe("Set at creation, read-only afterwards."),
    name: z.string().min(1).max(128).optional(),
  })
  .nullish();

const createdOrder = z.object({
  sessionId: z.string(),
  createdAt: isoTime,
  metadata: z.record(z.string(), z.unknown()),
  name: z.string().nullable(),
});
/** Older clients read `sessionId` beside `data`, for example the workflow in `test/specification-workflow.txt`. */
export const createdOrderResponse = z.object({
  success: z.literal(true),
  sessionId: z.string(),
  data: createdOrder,
});

export const orderList = z.object({ sessions: z.array(createdOrder.extend({ role })) });

const quantity = z.number().int().min(1);

export const tacoBody = z.strictObject({
  size: z.string(),
  meats: z.array(z.strictObject({ id: z.string(), quantity })),
  sauces: z.array(z.string()).optional(),
  garnitures: z.array(z.string()).optional(),
  quantity: quantity.optional(),
});
export const portionBody = z.strictObject({ product: z.string(), quantity: quantity.optional() });
export const quantityBody = z.strictObject({ quantity });

export const ifMatchHeader = z.object({
  "if-match": z
    .string()
    .regex(/^(\*|"\d{1,15}")$/, 'must be the ETag of a cart response, such as "3", or *')
    .optional(),
});

export const cartView = cart.extend({
  sessionId: z.string().nullable().describe("Null for a default order that does not exist yet."),
  revision: z.number().int(),
  role,
});

export const recipientBody = z.strictObject({
  customer: z.strictObject({ name: z.string(), phone: z.string() }),
  delivery: z.strictObject({
    type: z.string().describe("`livraison` or `emporter`."),
    address: z.string().optional(),
    requestedFor: z.string().describe("`HH:MM` in the shop's time zone, or an ISO 8601 timestamp."),
  }),
  cleanUp: z.boolean().optional().describe("Ends the order session once the order is placed."),
});

const DAY_SECONDS = 24 * 60 * 60;

export const inviteBody = z.strictObject({
  role: z.enum(["view", "edit"]),
  name: z
    .string()
    .trim()
    .min(1)
    .max(MAX_NAME_LENGTH)
    .optional()
    .describe("The owner's name, for the guests."),
  expiresIn: z
    .number()
    .int()
    .min(1)
    .max(7 * DAY_SECONDS)
    .default(DAY_SECONDS)
    .describe("Seconds."),
});
export const createdInvitation = z.object({
  invitationId: z.string(),
  role,
  expiresAt: isoTime,
  token: z.string().describe("Returned only once; the shop stores no copy."),
  url: z.string(),
});
export const checkBody = z.strictObject({ token: z.string() });
export const invitationView = z.object({
  role,
  owner: z.string().describe("The owner's name; empty if the owner gave none."),
  participants: z.number().int(),
});
export const acceptBody = z.strictObject({
  token: z.string(),
  name: z.string().trim().min(1).max(MAX_NAME_LENGTH).default("Guest"),
});
export const joinedOrder = z.object({ sessionId: z.string(), role });
export const removedGuests = z.object({ removed: z.number().int() });

export const participants = z.object({
  role: role.describe("The caller's role."),
  participants: z.array(
    z.object({
      participantId: z.string(),
      name: z.string(),
      role,
      joinedAt: isoTime,
      isYou: z.boolean(),
    }),
  ),
  invitations: z.array(
    z.object({
      invitationId: z.string(),
      role,
      createdAt: isoTime,
      expiresAt: isoTime,
      uses: z.number().int(),
    }),
  ),
});

export const historyEntry = z.object({
  number: z.number().int(),
  at: isoTime,
  who: z.object({ participantId: z.string(), name: z.string() }),
  what: z.enum(ACTIONS),
  item: z.object({ kind: z.string(), id: z.number().int() }).optional(),
  order: z.number().int().optional().describe("The number of the order that was placed."),
  outcome: z.enum(["done", "refused", "unknown"]),
});
export const history = z.object({ entries: z.array(historyEntry) });
/** Parses a positive integer in a query, whose values are strings. */
const positiveInteger = (max: number) => z.coerce.number().int().min(1).max(max);
export const historyQuery = z.strictObject({
  before: positiveInteger(Number.MAX_SAFE_INTEGER)
    .default(Number.MAX_SAFE_INTEGER)
    .describe("The number of the oldest entry that the client has."),
  limit: positiveInteger(100).default(100),
});

const accountName = z.string().trim().min(1).max(80);
const language = z.enum(LANGUAGES).nullable();

export const account = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  language: language.describe("Null: the browser's preferred language."),
});
export const newAccount = z.strictObject({
  email: z.string().trim().max(254).pipe(z.email("must be an e-mail address")),
  password: z
    .string()
    .refine(
      (text) => [...text].length >= MIN_PASSWORD_LENGTH && [...text].length <= MAX_PASSWORD_LENGTH,
      `must have ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters`,
    )
    .describe(`${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters of any kind.`),
  name: accountName,
  language: language.optional(),
});
export const accountChange = z.strictObject({ name: accountName.optional(), language: language.optional() });

export const pastOrders = z.object({
  orders: z.array(order),
  next: z
    .number()
    .int()
    .nullable()
    .describe("The parameter `before` of the next page; null on the last page."),
});
export const pastOrdersQuery = z.strictObject({
  before: positiveInteger(Number.MAX_SAFE_INTEGER)
    .default(Number.MAX_SAFE_INTEGER)
    .describe("`next` of the previous page."),
  limit: positiveInteger(100).default(20),
});
