import { Shell } from "../../../components/shell.tsx";
import { viewer } from "../../../lib/viewer.ts";
import { Devices } from "./devices.tsx";
import { PasswordForm } from "./password-form.tsx";

export const metadata = { title: "My sessions" };

export default async function Page() {
  const { user, text, language } = await viewer();
  return (
    <Shell>
      <h1>{text.sessions}</h1>
      <p className="hint">{text.sessionsHint}</p>
      <div className="split">
        <Devices email={user.email} text={text} language={language} />
        <PasswordForm email={user.email} text={text} />
      </div>
    </Shell>
  );
}
