import { CoatcheckError } from "coatcheck";
import { z } from "zod";
import { readBody } from "../../../lib/api/read-body.ts";
import { jwtResponse } from "../../../lib/api/route.ts";
import { checkPassword } from "../../../lib/check-password.ts";
import { getOffice } from "../../../lib/office.ts";
import { sessions } from "../../../lib/sessions.ts";

const LOGIN_BODY = z.object({ email: z.string().max(254), password: z.string().max(128) });

/** Logs in, and returns a JWT and the session token. It sets no cookie. */
export const POST = sessions.withRequestSession(async (request, requestSession) => {
  const { email, password } = await readBody(request, LOGIN_BODY);
  const account = await checkPassword(email, password);
  if (account === null) throw new CoatcheckError("FORBIDDEN", "Wrong email address or password.");
  const { sessions: opened, jwts } = getOffice();
  const client = opened.describeClient(requestSession.client, request.headers.get("user-agent") ?? undefined);
  const { record, token } = await opened.manager.create({ ...account, client });
  return jwtResponse(await jwts.issue({ record }), token);
});
