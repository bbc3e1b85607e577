import { type ReactNode, useState } from "react";
import { createAccount } from "./api.ts";
import { Credentials } from "./credentials.tsx";
import { Dialog } from "./dialog.tsx";
import { useLanguage } from "./language.tsx";
import { client } from "./session.ts";

const MODES = ["logIn", "signUp"] as const;

/** The dialog to log in or to create an account. The account button closes the dialog after the login. */
export function LogIn({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { language, words } = useLanguage();
  const [way, setWay] = useState<(typeof MODES)[number]>("logIn");
  const isNew = way === "signUp";

  return (
    <Dialog title={words.account[way]} onClose={onClose}>
      <fieldset className="switch">
        <legend className="unseen">{words.account.newOrNot}</legend>
        {MODES.map((each) => (
          <button key={each} type="button" aria-pressed={each === way} onClick={() => setWay(each)}>
            {each === "logIn" ? words.account.known : words.account.unknown}
          </button>
        ))}
      </fieldset>
      <p className="hint">{isNew ? words.account.signUpHint : words.account.logInHint}</p>
      {isNew ? (
        <Credentials
          key="signUp"
          isNew
          submit={words.account.signUp}
          onSubmit={async ({ email, password, name }) => {
            await createAccount({ email, password, name, language });
            await client.createSession(email, password);
          }}
        />
      ) : (
        <Credentials
          key="logIn"
          submit={words.account.logIn}
          onSubmit={({ email, password }) => client.createSession(email, password)}
        />
      )}
    </Dialog>
  );
}
