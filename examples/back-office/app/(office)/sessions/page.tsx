import { PageFrame } from "../../../components/page-frame.tsx";
import { getViewer } from "../../../lib/viewer.ts";
import { Devices } from "./devices.tsx";
import { PasswordForm } from "./password-form.tsx";

export const metadata = { title: "My sessions" };

export default async function Page() {
  const { user, text, language } = await getViewer();
  return (
    <PageFrame>
      <h1>{text.sessions}</h1>
      <p className="hint">{text.sessionsHint}</p>
      <div className="split">
        <Devices email={user.email} text={text} language={language} />
        <PasswordForm email={user.email} text={text} />
      </div>
    </PageFrame>
  );
}
