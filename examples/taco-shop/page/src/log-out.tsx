import { SessionError } from "coatcheck/client";
import { type ReactNode, useState } from "react";
import { Confirm } from "./confirm.tsx";
import { ConfirmPassword } from "./confirm-password.tsx";
import { useLanguage } from "./language.tsx";
import { useNotices } from "./notices.tsx";
import { client } from "./session.ts";

interface LogOutProps {
  /** Whether to log out on all devices. */
  readonly isEverywhere: boolean;
  readonly onClose: () => void;
}

/** Asks for confirmation, explains what happens to the open orders, then logs out. */
export function LogOut({ isEverywhere, onClose }: LogOutProps): ReactNode {
  const { language, words, changeLanguage } = useLanguage();
  const { showWarning } = useNotices();
  const [needsPassword, setNeedsPassword] = useState(false);

  const logOut = async () => {
    if (!isEverywhere) onClose();
    try {
      await client.logout({ everywhere: isEverywhere, optimistic: !isEverywhere });
      // The logout has cleared the browser's storage. The language is not private, so store it again.
      changeLanguage(language);
    } catch (error) {
      if (error instanceof SessionError && error.code === "REAUTHENTICATION_REQUIRED") {
        setNeedsPassword(true);
        return;
      }
      showWarning(words.account.logOutLater, "connected");
    }
    onClose();
  };

  if (needsPassword) return <ConfirmPassword onConfirmed={() => void logOut()} onClose={onClose} />;
  return (
    <Confirm
      title={isEverywhere ? words.account.logOutEverywhere : words.account.logOut}
      text={isEverywhere ? words.account.logOutEverywhereAsk : words.account.logOutAsk}
      onClose={onClose}
      onConfirm={() => void logOut()}
    />
  );
}
