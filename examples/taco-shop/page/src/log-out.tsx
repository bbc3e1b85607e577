import type { ReactNode } from "react";
import { Confirm } from "./confirm.tsx";
import { useLanguage } from "./language.tsx";
import { useNotices } from "./notices.tsx";
import { client } from "./session.ts";

interface LogOutProps {
  /** On all devices. */
  readonly isEverywhere: boolean;
  readonly onClose: () => void;
}

/** Asks for confirmation, explains what happens to the open orders, then logs out. */
export function LogOut({ isEverywhere, onClose }: LogOutProps): ReactNode {
  const { language, words, speak } = useLanguage();
  const { warn } = useNotices();

  const logOut = async () => {
    onClose();
    try {
      await client.logout({ everywhere: isEverywhere });
      // The logout has cleared the browser's storage. The language is not private, so store it again.
      speak(language);
    } catch {
      warn(words.account.logOutLater);
    }
  };

  return (
    <Confirm
      title={isEverywhere ? words.account.logOutEverywhere : words.account.logOut}
      text={isEverywhere ? words.account.logOutEverywhereAsk : words.account.logOutAsk}
      onClose={onClose}
      onConfirm={() => void logOut()}
    />
  );
}
