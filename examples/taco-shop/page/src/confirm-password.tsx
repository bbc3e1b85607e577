import { useSession } from "coatcheck/react";
import type { ReactNode } from "react";
import { Credentials } from "./credentials.tsx";
import { Dialog } from "./dialog.tsx";
import { useLanguage } from "./language.tsx";
import { client } from "./session.ts";
import type { Account } from "./wire.ts";

interface ConfirmPasswordProps {
  readonly onConfirmed: () => void;
  readonly onClose: () => void;
}

/**
 * Asks for the password again and elevates the session, so that a borrowed device cannot perform a sensitive action.
 */
export function ConfirmPassword({ onConfirmed, onClose }: ConfirmPasswordProps): ReactNode {
  const { words } = useLanguage();
  const email = useSession<Account, string>({ select: ({ user }) => user?.email ?? "" });
  return (
    <Dialog title={words.account.prove} onClose={onClose}>
      <p className="hint">{words.account.proveHint}</p>
      <Credentials
        email={email}
        submit={words.account.proveIt}
        onSubmit={async ({ password }) => {
          await client.elevate({ credentials: { email, password }, scope: "account" });
          onConfirmed();
        }}
      />
    </Dialog>
  );
}
