import { sessions } from "../../../lib/sessions.ts";

/** Records an order on the server, as a shop's own order route does. */
export const POST = sessions.withRequestSession(async (request, handle) => {
  const { orderId } = await request.json();
  const session = await handle.load();
  return Response.json(await session.visit.convert({ orderId, revenue: 1990, currency: "EUR" }));
});

/** Reports an event of a session, as another server does. */
export const PUT = sessions.withRequestSession(async (request) => {
  const { sessionId } = await request.json();
  const record = await (await sessions.manager()).find(sessionId);
  const visits = await sessions.visits();
  return Response.json(record && visits?.report(record, { type: "begin_checkout" }));
});
