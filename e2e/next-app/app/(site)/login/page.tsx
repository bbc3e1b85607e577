import { Suspense } from "react";
import { sessions } from "../../../lib/sessions.ts";
import { logIn, logInHere, logOut, setTheme } from "./actions.ts";

async function SessionState() {
  const { subject, data } = await sessions.getServerSession();
  return <p id="here">{`${subject ?? "-"}:${data.theme ?? "-"}`}</p>;
}

export default function Page() {
  return (
    <Suspense>
      <SessionState />
      <form id="log-in" action={logIn}>
        <input name="name" aria-label="Name" />
        <input name="next" aria-label="Next" />
        <button type="submit">Log in</button>
      </form>
      <form id="log-in-here" action={logInHere}>
        <input name="name" aria-label="Name" />
        <button type="submit">Log in here</button>
      </form>
      <form id="set-theme" action={setTheme}>
        <input name="theme" aria-label="Theme" />
        <button type="submit">Set theme</button>
      </form>
      <form id="log-out" action={logOut}>
        <button type="submit">Log out</button>
      </form>
    </Suspense>
  );
}
