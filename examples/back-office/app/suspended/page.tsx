import { redirect } from "next/navigation";
import { ActingBanner } from "../../components/acting-banner.tsx";
import { getOffice } from "../../lib/office.ts";
import { sessions } from "../../lib/sessions.ts";
import { texts } from "../../lib/texts/texts.ts";
import { logOut } from "../login/actions.ts";

export const metadata = { title: "Suspended" };

export default async function Page() {
  const session = await sessions.requireSubject();
  const current = getOffice().context.of(session);
  const company = await current.company();
  if (company?.active !== false) redirect("/");
  const text = texts(await current.language());
  return (
    <>
      <ActingBanner />
      <main className="login">
        <h1>{text.suspendedTitle}</h1>
        <p>{text.suspendedText}</p>
        <form action={logOut}>
          <button type="submit">{text.logOut}</button>
        </form>
      </main>
    </>
  );
}
