import { coatcheck, sessionOf } from "coatcheck/node";
import type { GetServerSideProps } from "next";
import type { Data } from "../lib/manager.ts";
import { sessions } from "../lib/sessions.ts";

interface Props {
  subject: string | null;
}

export const getServerSideProps: GetServerSideProps<Props> = async ({ req, res }) => {
  const load = coatcheck(await sessions.manager())(async (request) => (await request.session.load()).subject);
  await load(req, res);
  const { subject } = await sessionOf<Data>(req).load();
  return { props: { subject } };
};

export default function Old({ subject }: Props) {
  return <p id="old">{`old page of ${subject ?? "-"}`}</p>;
}
