import { Suspense } from "react";
import { sessions } from "../../../lib/sessions.ts";

/** Tries to write while rendering. TypeScript rejects this, but plain JavaScript could do it. */
async function Writes() {
  const session = (await sessions.getServerSession()) as unknown as {
    data: Record<string, unknown>;
    authenticate(subject: string): Promise<void>;
  };
  const errors: string[] = [];
  for (const write of [
    () => session.authenticate("eve"),
    () => Object.assign(session.data, { theme: "dark" }),
  ]) {
    try {
      write();
    } catch (error) {
      errors.push(String(error));
    }
  }
  return <pre id="errors">{errors.join("\n")}</pre>;
}

export default function Page() {
  return (
    <Suspense>
      <Writes />
    </Suspense>
  );
}
