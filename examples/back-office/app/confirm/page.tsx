import { redirect } from "next/navigation";
import { ActingBanner } from "../../components/acting-banner.tsx";
import { getOffice } from "../../lib/office.ts";
import { sessions } from "../../lib/sessions.ts";
import { texts } from "../../lib/texts/texts.ts";
import { logOut } from "../login/actions.ts";
import { ConfirmForm } from "./confirm-form.tsx";

export const metadata = { title: "Confirm" };

/** Shown after a browser other than the one that logged in has used the session. */
export default async function Page() {
  const session = await sessions.requireSubject();
  if (!session.needsProof) redirect("/");
  const text = texts(await getOffice().context.of(session).language());
  return (
    <>
      <ActingBanner />
      <main className="login">
        <h1>{text.confirmTitle}</h1>
        <p>{text.confirmText}</p>
        <ConfirmForm text={text} />
        <form action={logOut}>
          <button type="submit">{text.logOut}</button>
        </form>
      </main>
    </>
  );
}
