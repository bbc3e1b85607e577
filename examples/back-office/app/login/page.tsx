import { redirect } from "next/navigation";
import { ActingBanner } from "../../components/acting-banner.tsx";
import { DEMO_ACCOUNTS, DEMO_PASSWORD } from "../../lib/demo.ts";
import { getOffice } from "../../lib/office.ts";
import { sessions } from "../../lib/sessions.ts";
import { texts } from "../../lib/texts/texts.ts";
import { LoginForm } from "./login-form.tsx";

export const metadata = { title: "Log in" };

export default async function Page({ searchParams }: { searchParams: Promise<{ next?: string }> }) {
  const session = await sessions.getServerSession();
  const current = getOffice().context.of(session);
  if ((await current.user()) !== null) redirect("/");
  const text = texts(await current.language());
  const { next } = await searchParams;
  return (
    <>
      <ActingBanner />
      <main className="login">
        <h1>Back office</h1>
        <LoginForm text={text} next={next ?? "/"} password={DEMO_PASSWORD} accounts={DEMO_ACCOUNTS} />
      </main>
    </>
  );
}
