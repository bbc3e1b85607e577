import type { ReactNode } from "react";
import { Confirm } from "./confirm.tsx";
import { useLanguage } from "./language.tsx";
import { useNotices } from "./notices.tsx";
import { manager } from "./session.ts";

interface LogOutProps {
  /** On all devices. */
  readonly isEverywhere: boolean;
  readonly onClose: () => void;
}

/** Says what becomes of the orders, then logs out. */
export function LogOut({ isEverywhere, onClose }: LogOutProps): ReactNode {
  const { language, words, speak } = useLanguage();
  const { warn } = useNotices();

  const logOut = async () => {
    onClose();
    try {
      await manager.logout({ everywhere: isEverywhere });
      // The browser has forgotten all that it kept, this too; but it is nobody's secret.
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
