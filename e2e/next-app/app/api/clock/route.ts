import { probe } from "../../../lib/probe.ts";

/** Moves the clock of the session manager forward. */
export async function POST(request: Request) {
  probe.clockOffset += Number(await request.text());
  return Response.json(probe);
}
