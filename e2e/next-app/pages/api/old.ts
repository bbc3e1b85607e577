import { coatcheck } from "coatcheck/node";
import type { NextApiHandler } from "next";
import { sessions } from "../../lib/sessions.ts";

const handler: NextApiHandler = async (request, response) => {
  const withSession = coatcheck(await sessions.manager());
  await withSession(async ({ session }) => {
    const { data } = await session.load();
    data.count = (data.count ?? 0) + 1;
    response.json({ count: data.count });
  })(request, response);
};

export default handler;
